// expect: DrawsPlan
// The plan must return the policy's own Rule, or kernels would be compiled for another one.
#include <ordo/concepts/factorization.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/rule/full.hpp>

struct AnotherRule : ordo::LeftToRight {
  template <ordo::Choices C, class Slots>
  ordo::Full plan(ordo::Shape, C&, Slots&) const {
    return {};
  }
};

template <ordo::Factorization F>
void score(const F&) {}

void use() { score(AnotherRule{}); }
