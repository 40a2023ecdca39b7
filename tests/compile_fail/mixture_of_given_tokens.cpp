// expect: given tokens go outside: Prefix<Mixture<...>>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/prefix.hpp>

ordo::Mixture<ordo::Weighted<ordo::Prefix<ordo::LeftToRight, 2>, 1>, ordo::Weighted<ordo::LeftToRight, 1>> policy;
