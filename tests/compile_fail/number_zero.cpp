// expect: a policy's number must be positive, or ordo::dynamic
#include <ordo/factorization/orderings.hpp>

ordo::Orderings<0> orderings;
