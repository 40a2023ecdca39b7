// expect: DeclaresClaim
#include <string>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/model/transformer.hpp>

struct WithoutClaim {
  using Rule = ordo::Causal;
  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape, C&, Slots&) const {
    return {};
  }
  [[nodiscard]] std::string name() const { return "wrong"; }
};

ordo::Transformer<WithoutClaim, ordo::Reference<float>> model({});
