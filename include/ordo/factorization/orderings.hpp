#pragma once
// Autoregression over several fixed orderings of the tokens: the paper's road from autoregression towards
// diffusion (Prabhudesai et al. 2025, arXiv:2507.15857, finding 8).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/number.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/move.hpp>
#include <ordo/factorization/sampler/adapted.hpp>
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

/// N orders, fixed by `seed`; each sample takes one, uniformly, and Inner's plan is laid out over the tokens in that
/// order. With Inner = LeftToRight, the paper's: T slots in the order of prediction, slot s shows order[s - 1] (the
/// first shows the start) and predicts order[s], so visibility is causal. The paper does not tell the network which
/// token comes next; with `told`, each slot knows its target's position (sigma-GPT).
template <int N = dynamic, Factorization Inner = LeftToRight>
struct Orderings {
  static_assert(!GivesTokens<Inner>, "[ordo] Orderings: given tokens go outside: Prefix<Orderings<...>>");

  using Rule = typename Inner::Rule;
  static constexpr bool rule_of_length = RuleOfLength<Inner>;
  static constexpr bool training_only = TrainingOnly<Inner>;
  static constexpr bool one_by_one = std::is_same_v<Inner, LeftToRight>;

  [[no_unique_address]] Number<N> count{};
  OrderKind kind = OrderKind::local;
  bool told = false;
  std::uint64_t seed = 0;
  [[no_unique_address]] Inner inner{};

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const int i = count.get() == 1 ? 0 : static_cast<int>(choices.below(static_cast<std::uint32_t>(count.get())));
    const std::size_t first = slots.size();
    const Rule rule = inner.plan(shape, choices, slots);
    if (i > 0 || told) reorder_slots(slots, first, fixed_order(kind, seed, i, shape), told);
    return rule;
  }

  /// In reading order; told networks that predict one by one take the given tokens first, wherever they stand.
  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    if constexpr (one_by_one) {
      std::vector<std::int32_t> order = fixed_order(kind, seed, 0, shape);
      if (told) {
        std::stable_partition(order.begin(), order.end(),
                              [&](std::int32_t i) { return known[static_cast<std::size_t>(i)] != 0; });
      }
      return OrderedSampler(std::move(order), told, known);
    } else {
      return ToldSampler<decltype(sampler_of(inner, shape, known, choices))>{sampler_of(inner, shape, known, choices),
                                                                             told};
    }
  }

  void check(Shape shape) const { check_shape(inner, shape); }
  /// Where the slots do not tell which token is asked, the mean over several orders is only a bound.
  [[nodiscard]] constexpr Claim claim() const {
    const Claim own = inner.claim();
    if (count.get() == 1 || (own != Claim::exact && own != Claim::order_average)) return own;
    return readout().clear() ? Claim::order_average : Claim::bound;
  }
  [[nodiscard]] constexpr Readout readout() const {
    if (told) return {};
    const Readout own = readout_of(inner);
    if (count.get() == 1) return own;
    return {own.token == Reads::nothing ? Reads::nothing : Reads::unclear,
            own.mask == Reads::nothing || own.mask == Reads::own ? own.mask : Reads::unclear};
  }
  /// The paper validates with the orderings off: one order, left to right, is exact.
  [[nodiscard]] auto scored_as() const {
    if constexpr (ScoredAsAnother<Inner>) {
      return Orderings<1, std::remove_cvref_t<decltype(inner.scored_as())>>{{}, kind, told, seed, inner.scored_as()};
    } else {
      return Orderings<1, Inner>{{}, kind, told, seed, inner};
    }
  }

  [[nodiscard]] std::string name() const {
    std::string text = "orderings:" + std::to_string(count.get());
    if (kind == OrderKind::uniform) text += ":uniform";
    if (told) text += ":told";
    if (seed != 0) text += ":seed=" + std::to_string(seed);
    return one_by_one ? text : text + "(" + inner.name() + ")";
  }
};

}  // namespace ordo
