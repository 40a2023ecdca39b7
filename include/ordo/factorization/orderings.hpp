#pragma once
// Autoregression over several fixed orderings of the tokens: the paper's road from autoregression towards
// diffusion (Prabhudesai et al. 2025, arXiv:2507.15857, finding 8).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/number.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/sampler/ordered.hpp>

namespace ordo {

/// Where the orders come from. Order 0 is left to right in both.
enum class OrderKind : std::uint8_t {
  local,    ///< order i = argsort(position + Normal(0, i^2)): the paper's main form
  uniform,  ///< order i = a uniform permutation
};

/// The i-th of the orders of `length` tokens under a seed; element s is the token predicted at slot s.
[[nodiscard]] inline std::vector<std::int32_t> fixed_order(OrderKind kind, std::uint64_t seed, int i, Shape shape) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(shape.length));
  std::iota(order.begin(), order.end(), 0);
  if (i == 0) return order;
  Stream stream(seed, Purpose::order_table, static_cast<std::uint64_t>(i));
  if (kind == OrderKind::uniform) {
    for (std::size_t left = order.size(); left > 1; --left) {
      std::swap(order[left - 1], order[stream.below(static_cast<std::uint32_t>(left))]);
    }
    return order;
  }
  std::vector<double> key(order.size());
  for (std::size_t j = 0; j < key.size(); ++j) key[j] = static_cast<double>(j) + i * stream.normal();
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return key[static_cast<std::size_t>(a)] < key[static_cast<std::size_t>(b)];
  });
  return order;
}

/// N orders, fixed by `seed`; each sample takes one, uniformly. T slots in the order of prediction: slot s shows
/// order[s - 1] (the first shows the start) and predicts order[s], so visibility is causal. The paper does not
/// tell the network which token comes next; with `told`, each slot knows its target's position (sigma-GPT).
template <int N = dynamic>
struct Orderings {
  using Rule = Causal;
  [[no_unique_address]] Number<N> count{};
  OrderKind kind = OrderKind::local;
  bool told = false;
  std::uint64_t seed = 0;

  /// Lays out the slots for one given order.
  template <class Slots>
  static void lay_out(const std::vector<std::int32_t>& order, bool told, Slots& slots) {
    for (std::size_t s = 0; s < order.size(); ++s) {
      const Slot slot = (s == 0 ? Slot::start() : Slot::token(order[s - 1])).predicting(order[s]);
      slots.push_back(told ? slot.told() : slot);
    }
  }

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const int i = static_cast<int>(choices.below(static_cast<std::uint32_t>(count.get())));
    lay_out(fixed_order(kind, seed, i, shape), told, slots);
    return {};
  }

  /// Tokens one by one, left to right; told networks take the given tokens first, wherever they stand.
  template <Choices C>
  [[nodiscard]] OrderedSampler sampler(Shape shape, const Known& known, C&) const {
    std::vector<std::int32_t> order = fixed_order(kind, seed, 0, shape);
    if (told) {
      std::stable_partition(order.begin(), order.end(),
                            [&](std::int32_t i) { return known[static_cast<std::size_t>(i)] != 0; });
    }
    return {std::move(order), told, known};
  }

  /// Where the slots do not tell which token is asked, the mean over several orders is only a bound.
  [[nodiscard]] constexpr Claim claim() const {
    if (count.get() == 1) return Claim::exact;
    return told ? Claim::order_average : Claim::bound;
  }
  /// The paper validates with the orderings off: one order, left to right, is exact.
  [[nodiscard]] Orderings<1> scored_as() const { return {{}, kind, told, seed}; }

  [[nodiscard]] std::string name() const {
    std::string text = "orderings:" + std::to_string(count.get());
    if (kind == OrderKind::uniform) text += ":uniform";
    if (told) text += ":told";
    if (seed != 0) text += ":seed=" + std::to_string(seed);
    return text;
  }
};

}  // namespace ordo
