// expect: given tokens go outside of the blocks: Prefix<Blockwise<...>>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/prefix.hpp>

ordo::Blockwise<4, ordo::Prefix<ordo::LeftToRight, 2>> policy;
