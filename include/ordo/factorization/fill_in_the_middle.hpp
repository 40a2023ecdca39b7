#pragma once
// Autoregression with the middle last: prefix, suffix, middle (Bavarian et al. 2022, arXiv:2207.14255).

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

/// Two cuts, drawn uniformly, make a prefix, a middle and a suffix, each possibly empty; they are predicted in the
/// order prefix, suffix, middle, left to right within each. T slots, causal. `told`: each slot knows its target's
/// position. The paper marks the parts by three sentinel tokens and keeps positions of the rearranged text; here every
/// token keeps its own position and nothing is inserted, so untold networks must guess where a part ends.
struct FillInTheMiddle {
  using Rule = Causal;
  bool told = true;

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const std::size_t first = slots.size();
    const Rule rule = LeftToRight{}.plan(shape, choices, slots);
    const auto ways = static_cast<std::uint32_t>(shape.length) + 1;
    const auto a = static_cast<std::ptrdiff_t>(choices.below(ways));
    const auto b = static_cast<std::ptrdiff_t>(choices.below(ways));
    std::vector<std::int32_t> order = in_order(shape);
    std::rotate(order.begin() + std::min(a, b), order.begin() + std::max(a, b), order.end());
    reorder_slots(slots, first, order, told);
    return rule;
  }
  /// The given tokens first, then the gap from left to right.
  template <Choices C>
  [[nodiscard]] OrderedSampler sampler(Shape shape, const Known& known, C&) const {
    std::vector<std::int32_t> order = in_order(shape);
    std::stable_partition(order.begin(), order.end(),
                          [&](std::int32_t i) { return known[static_cast<std::size_t>(i)] != 0; });
    return {std::move(order), told, known};
  }
  [[nodiscard]] constexpr Claim claim() const { return told ? Claim::order_average : Claim::bound; }
  [[nodiscard]] constexpr Readout readout() const { return {.token = told ? Reads::nothing : Reads::unclear}; }
  [[nodiscard]] std::string name() const { return told ? "fill-in-the-middle" : "fill-in-the-middle:untold"; }

 private:
  static std::vector<std::int32_t> in_order(Shape shape) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(shape.length));
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
};

}  // namespace ordo
