// expect: LeftContext: the policy inside must let every slot see every slot
#include <ordo/factorization/left_context.hpp>
#include <ordo/factorization/left_to_right.hpp>

ordo::LeftContext<ordo::LeftToRight> policy;
