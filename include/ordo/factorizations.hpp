#pragma once
// Umbrella: every factorization of the library.

#include <ordo/factorization/any.hpp>
#include <ordo/factorization/any_order.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/curriculum.hpp>
#include <ordo/factorization/fill_in_the_middle.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_context.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/named.hpp>
#include <ordo/factorization/noisy_inputs.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>
#include <ordo/factorization/shifted.hpp>
#include <ordo/factorization/suffix_masked.hpp>
