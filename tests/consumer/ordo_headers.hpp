#pragma once

#if __has_include(<ordo/ordo.hpp>)
#include <ordo/ordo.hpp>
#else
#include <ordo/core/choices.hpp>
#include <ordo/factorization/left_to_right.hpp>
#endif
