#pragma once
// Autoregression: p(x) = prod_i p(x_i | x_0 .. x_{i-1}).

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/sampler/ordered.hpp>

namespace ordo {

/// Left to right: T slots; slot i shows token i - 1 (the first shows the start) and predicts token i. Exact.
struct LeftToRight {
  using Rule = Causal;

  template <Choices C, class Slots>
  ORDO_HD Rule plan(Shape shape, C&, Slots& slots) const {
    for (std::int32_t i = 0; i < shape.length; ++i) {
      slots.push_back((i == 0 ? Slot::start() : Slot::token(i - 1)).predicting(i));
    }
    return {};
  }
  template <Choices C>
  [[nodiscard]] OrderedSampler sampler(Shape shape, const Known& known, C&) const {
    std::vector<std::int32_t> order(static_cast<std::size_t>(shape.length));
    std::iota(order.begin(), order.end(), 0);
    return {std::move(order), false, known};
  }
  [[nodiscard]] constexpr Claim claim() const { return Claim::exact; }
  [[nodiscard]] constexpr Readout readout() const { return {.token = Reads::next}; }
  [[nodiscard]] std::string name() const { return "ltr"; }
};

}  // namespace ordo
