// expect: Shifted: the policy inside must let every slot see every slot
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/shifted.hpp>

ordo::Shifted<ordo::LeftToRight> policy;
