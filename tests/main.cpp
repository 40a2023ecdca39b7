// The one translation unit with Catch2's implementation and main(), shared by every test program.

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
