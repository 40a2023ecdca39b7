// expect: a weight must not be negative
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/mixture.hpp>

ordo::Mixture<ordo::Weighted<ordo::LeftToRight, -1>> policy;
