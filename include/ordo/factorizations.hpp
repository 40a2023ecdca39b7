#pragma once
// Umbrella: every factorization of the library.

#include <ordo/factorization/any.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>
