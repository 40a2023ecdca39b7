// expect: may only train
#include <string>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/evaluate/evaluate.hpp>
#include <ordo/factorization/left_to_right.hpp>

struct OnlyTrains : ordo::LeftToRight {
  static constexpr bool training_only = true;
  [[nodiscard]] constexpr ordo::Claim claim() const { return ordo::Claim::training_only; }
};

ordo::Score use(const ordo::Network<ordo::Reference<float>>& network, const ordo::Windows& data) {
  return ordo::evaluate(network, data, OnlyTrains{});
}
