// expect: a rate must be in [0, 1]
#include <ratio>

#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/noisy_inputs.hpp>

ordo::NoisyInputs<ordo::LeftToRight, std::ratio<3, 2>> policy;
