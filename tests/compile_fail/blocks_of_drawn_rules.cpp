// expect: the rule inside must be the same in every block
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>

using Drawn = ordo::Mixture<ordo::Weighted<ordo::LeftToRight, 1>, ordo::Weighted<ordo::MaskedDiffusion<>, 1>>;
ordo::Blockwise<4, Drawn> policy;
