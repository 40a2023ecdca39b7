// expect: a policy's number must be positive, or ordo::dynamic
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/masked_diffusion.hpp>

ordo::Blockwise<0, ordo::MaskedDiffusion<>> policy;
