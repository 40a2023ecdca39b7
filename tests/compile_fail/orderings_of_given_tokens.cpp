// expect: given tokens go outside: Prefix<Orderings<...>>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>

ordo::Orderings<4, ordo::Prefix<ordo::LeftToRight, 2>> policy;
