#pragma once
// Each sequence draws one of several factorizations.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/number.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/sampler/one_of.hpp>

namespace ordo {

/// In place of a weight in the type: it is given at run time. (A number far from any weight: clang 14 takes an int 0
/// for an enumerator 0.)
enum class RunTimeWeight : int { given = -2147483647 };

/// A part of a mixture and its weight, a whole number in the type. Only the ratio of weights counts.
template <Factorization F, auto W = RunTimeWeight::given>
struct Weighted {
  static_assert(W >= 0, "[ordo] Mixture: a weight must not be negative");
  using Policy = F;
  F policy{};
  [[nodiscard]] static constexpr double weight() { return static_cast<double>(W); }
  static constexpr bool has_weight = true;
};

/// The same with a weight given at run time: Weighted{LeftToRight{}, 0.3}.
template <Factorization F>
struct Weighted<F, RunTimeWeight::given> {
  using Policy = F;
  F policy{};
  double share = 0;
  [[nodiscard]] constexpr double weight() const { return share; }
  static constexpr bool has_weight = false;
};
template <class F>
Weighted(F, double) -> Weighted<F, RunTimeWeight::given>;

namespace detail {

/// A mixture's claim: one part alone keeps its own. Of several, the mean over draws is a mean over orders if each
/// part's is and what a slot sees tells which token is asked; otherwise it is a bound.
[[nodiscard]] constexpr Claim mixed_claim(Claim a, Claim b) {
  if (a == Claim::training_only || b == Claim::training_only) return Claim::training_only;
  return a == Claim::bound || b == Claim::bound ? Claim::bound : Claim::order_average;
}

/// The part that this sample takes; weights are not all zero. One part alone takes no draw, so that a mixture of one
/// is that one, bit for bit. Shares are spread evenly over consecutive samples.
template <Choices C>
[[nodiscard]] std::size_t draw_part(std::span<const double> weights, C& choices) {
  double sum = 0;
  std::size_t last = 0;
  std::size_t parts = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    if (!(weights[i] > 0)) continue;
    last = i;
    ++parts;
  }
  if (parts == 1) return last;
  const auto cumulative = [&](std::uint32_t k) {
    double below = 0;
    for (std::uint32_t i = 0; i < k; ++i) below += weights[i];
    return k > last ? 1.0 : below / sum;
  };
  return choices.pick(static_cast<std::uint32_t>(weights.size()), Levels::low_discrepancy, cumulative);
}

/// Throws where a weight is negative or no number, or all are zero.
inline void check_weights(std::span<const double> weights) {
  double sum = 0;
  for (const double w : weights) {
    require(std::isfinite(w) && w >= 0, "mixture", "a weight must be a number from 0 (got ", w, ")");
    sum += w;
  }
  require(sum > 0, "mixture", "at least one weight must be positive (got ", sum, " in all)");
  require(std::isfinite(sum), "mixture", "the weights' sum must be finite (got ", sum, ")");
}

/// Gathers the claim and the readout of a mixture, part by part.
struct MixedClaim {
  Claim claim = Claim::exact;
  Readout readout{};
  int parts = 0;

  template <class F>
  constexpr void add(const F& policy, double weight) {
    if (!(weight > 0)) return;
    claim = parts++ == 0 ? policy.claim() : mixed_claim(claim, policy.claim());
    readout = ordo::both(readout, readout_of(policy));
  }
  [[nodiscard]] constexpr Claim result() const {
    return parts > 1 && claim == Claim::order_average && !readout.clear() ? Claim::bound : claim;
  }
};

}  // namespace detail

namespace detail {

/// True where a part only trains and may be drawn.
template <class Part>
[[nodiscard]] constexpr bool trains_only() {
  if constexpr (TrainingOnly<typename Part::Policy> && Part::has_weight) {
    return Part::weight() > 0;
  } else {
    return TrainingOnly<typename Part::Policy>;
  }
}

/// False where all weights are in the type, and are zero.
template <class... Parts>
[[nodiscard]] constexpr bool may_be_positive() {
  if constexpr ((Parts::has_weight && ...)) {
    return ((Parts::weight() > 0) || ...);
  } else {
    return true;
  }
}

}  // namespace detail

/// Each sequence is laid out by one of the parts, drawn by weight: Mixture<Weighted<A, 1>, Weighted<B, 3>>, or with
/// weights at run time Mixture{Weighted{a, 0.3}, Weighted{b, 0.7}}. Sampling draws a part for each sequence too.
template <class... Parts>
class Mixture {
  static_assert(sizeof...(Parts) > 0, "[ordo] Mixture: there must be at least one part");
  static_assert((!GivesTokens<typename Parts::Policy> && ...),
                "[ordo] Mixture: given tokens go outside: Prefix<Mixture<...>>");
  static constexpr std::size_t count = sizeof...(Parts);
  static constexpr bool fixed = (Parts::has_weight && ...);
  static_assert(detail::may_be_positive<Parts...>(), "[ordo] Mixture: at least one weight must be positive");

 public:
  using Rule = RuleUnion<typename Parts::Policy::Rule...>;
  static constexpr bool training_only = (detail::trains_only<Parts>() || ...);

  Mixture() requires fixed = default;
  /// Throws where a weight is negative or no number, or all are zero.
  explicit Mixture(Parts... parts) : parts_(std::move(parts)...) { detail::check_weights(weights()); }

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    Rule rule{};
    with_part(detail::draw_part(weights(), choices),
              [&](const auto& policy) { rule = widened<Rule>(policy.plan(shape, choices, slots)); });
    return rule;
  }

  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    using S =
        OneOfSamplers<decltype(sampler_of(std::declval<const typename Parts::Policy&>(), shape, known, choices))...>;
    std::optional<S> made;
    with_part(detail::draw_part(weights(), choices),
              [&](const auto& policy) { made.emplace(sampler_of(policy, shape, known, choices)); });
    return *std::move(made);
  }

  void check(Shape shape) const {
    for_each([&](const auto& part) {
      if (part.weight() > 0) check_shape(part.policy, shape);
    });
  }
  [[nodiscard]] constexpr Claim claim() const { return mixed().result(); }
  [[nodiscard]] constexpr Readout readout() const { return mixed().readout; }
  [[nodiscard]] std::string name() const {
    std::string text;
    for_each([&](const auto& part) {
      text += (text.empty() ? "" : " + ") + detail::shortest(part.weight()) + " " + part.policy.name();
    });
    return "mixture(" + text + ")";
  }

 private:
  template <class Visit>
  constexpr void for_each(const Visit& visit) const {
    std::apply([&](const auto&... part) { (visit(part), ...); }, parts_);
  }
  [[nodiscard]] std::array<double, count> weights() const {
    return std::apply([](const auto&... part) { return std::array<double, count>{part.weight()...}; }, parts_);
  }
  [[nodiscard]] constexpr detail::MixedClaim mixed() const {
    detail::MixedClaim mixed;
    for_each([&](const auto& part) { mixed.add(part.policy, part.weight()); });
    return mixed;
  }
  /// Calls visit with the policy of part `index`.
  template <class Visit>
  void with_part(std::size_t index, const Visit& visit) const {
    std::size_t i = 0;
    for_each([&](const auto& part) {
      if (i++ == index) visit(part.policy);
    });
  }

  std::tuple<Parts...> parts_;
};

}  // namespace ordo
