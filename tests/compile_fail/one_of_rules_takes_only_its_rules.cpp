// expect: OneOfRules
#include <ordo/concepts/rule.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

ordo::OneOfRules<ordo::Causal> rule = ordo::Full{};
