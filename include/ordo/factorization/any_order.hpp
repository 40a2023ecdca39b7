#pragma once
// Autoregression in a fresh random order for each sequence, the network told which token is asked: sigma-GPT
// (Pannatier et al. 2024, arXiv:2404.09562).

#include <algorithm>
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
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/move.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/sampler/ordered.hpp>

namespace ordo {

namespace detail {

/// A uniform permutation of 0 .. length - 1 (Fisher and Yates).
template <Choices C>
[[nodiscard]] std::vector<std::int32_t> drawn_order(std::int32_t length, C& choices) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[choices.below(static_cast<std::uint32_t>(left))]);
  }
  return order;
}

}  // namespace detail

/// T slots in the order of prediction: slot s shows order[s - 1] (the first shows the start), predicts order[s] and is
/// told where that stands. The mean over orders is the any-order loss, which masked diffusion bounds alike (Ou et al.
/// 2024, arXiv:2406.03736). sigma-GPT adds an encoding of both positions to each input; here the target's position
/// rotates half of the heads' queries, without parameters.
struct AnyOrder {
  using Rule = Causal;

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const std::size_t first = slots.size();
    const Rule rule = LeftToRight{}.plan(shape, choices, slots);
    reorder_slots(slots, first, detail::drawn_order(shape.length, choices), true);
    return rule;
  }
  /// A random order, the given tokens first.
  template <Choices C>
  [[nodiscard]] OrderedSampler sampler(Shape shape, const Known& known, C& choices) const {
    std::vector<std::int32_t> order = detail::drawn_order(shape.length, choices);
    std::stable_partition(order.begin(), order.end(),
                          [&](std::int32_t i) { return known[static_cast<std::size_t>(i)] != 0; });
    return {std::move(order), true, known};
  }
  [[nodiscard]] constexpr Claim claim() const { return Claim::order_average; }
  [[nodiscard]] constexpr Readout readout() const { return {}; }
  [[nodiscard]] std::string name() const { return "any-order"; }
};

}  // namespace ordo
