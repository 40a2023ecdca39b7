// expect: given tokens go outside: Prefix<Curriculum<...>>
#include <ordo/factorization/curriculum.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/prefix.hpp>

ordo::Curriculum<ordo::LeftToRight, ordo::Prefix<ordo::LeftToRight, 2>> policy;
