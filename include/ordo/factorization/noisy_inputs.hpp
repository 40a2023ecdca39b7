#pragma once
// Token dropout: shown tokens are replaced by the mask at a random rate (arXiv:2510.04071), under any factorization.

#include <cstddef>
#include <ratio>
#include <string>
#include <type_traits>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/number.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// In place of a rate in the type: it is given at run time.
struct RunTimeRate {};

/// A number from 0 to 1: a std::ratio in the type, or a value.
template <class Ratio>
struct Rate {
  static_assert(Ratio::num >= 0 && Ratio::num <= Ratio::den, "[ordo] a rate must be in [0, 1]");
  [[nodiscard]] static constexpr double get() {
    return static_cast<double>(Ratio::num) / static_cast<double>(Ratio::den);
  }
};
template <>
struct Rate<RunTimeRate> {
 public:
  constexpr Rate(double rate) : rate_(rate) {  // NOLINT: a rate is a number
    require(rate >= 0 && rate <= 1, "policy", "a rate must be in [0, 1] (got ", rate, ")");
  }
  [[nodiscard]] constexpr double get() const { return rate_; }

 private:
  double rate_;
};

/// Inner's plan, each slot that shows a token showing the mask instead with probability `rate`, on its own. Targets,
/// weights and visibility stay, so the loss is a bound: noise only takes information away. Scored and sampled as Inner,
/// without noise.
template <Factorization Inner, class R = RunTimeRate>
struct NoisyInputs {
  using Rule = typename Inner::Rule;
  static constexpr bool rule_of_length = RuleOfLength<Inner>;
  static constexpr bool training_only = TrainingOnly<Inner>;

  Inner inner{};
  [[no_unique_address]] Rate<R> rate{};

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const std::size_t first = slots.size();
    const Rule rule = inner.plan(shape, choices, slots);
    if (rate.get() == 0) return rule;
    for (std::size_t s = first; s < slots.size(); ++s) {
      if (slots[s].shows != Shows::token || !choices.happens(rate.get())) continue;
      slots[s].shows = Shows::mask;
      slots[s].index = absent;
    }
    return rule;
  }
  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    return sampler_of(inner, shape, known, choices);
  }
  [[nodiscard]] Known given(Shape shape) const requires GivesTokens<Inner> { return inner.given(shape); }
  void check(Shape shape) const { check_shape(inner, shape); }
  [[nodiscard]] constexpr Claim claim() const {
    return rate.get() == 0 || inner.claim() == Claim::training_only ? inner.claim() : Claim::bound;
  }
  /// A hidden slot predicts what it would have predicted.
  [[nodiscard]] constexpr Readout readout() const {
    const Readout own = readout_of(inner);
    return rate.get() == 0 ? own : Readout{own.token, detail::both(own.token, own.mask)};
  }
  [[nodiscard]] auto scored_as() const {
    if constexpr (ScoredAsAnother<Inner>) {
      return inner.scored_as();
    } else {
      return inner;
    }
  }
  [[nodiscard]] std::string name() const { return "noisy:" + detail::shortest(rate.get()) + "(" + inner.name() + ")"; }
};

}  // namespace ordo
