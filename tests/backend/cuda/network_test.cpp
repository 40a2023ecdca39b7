// The cases of network.hpp on an emulated device, whose memory the host cannot reach.

#define ORDO_EMULATE_CUDA

#include <catch2/catch.hpp>

#include "network.hpp"
