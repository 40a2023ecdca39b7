// expect: HasName
#include <string>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/model/transformer.hpp>

struct WithoutName {
  using Rule = ordo::Causal;
  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape, C&, Slots&) const {
    return {};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
};

ordo::Transformer<WithoutName, ordo::Reference<float>> model({});
