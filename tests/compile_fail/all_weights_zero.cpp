// expect: at least one weight must be positive
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>

ordo::Mixture<ordo::Weighted<ordo::LeftToRight, 0>, ordo::Weighted<ordo::MaskedDiffusion<>, 0>> policy;
