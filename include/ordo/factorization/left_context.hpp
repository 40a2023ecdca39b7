#pragma once
// A factorization with full visibility, cut to what stands to the left.

#include <concepts>
#include <string>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>
#include <ordo/factorization/sampler/adapted.hpp>

namespace ordo {

/// Inner's slots, each of which sees itself and the slots before: the causal end of attention annealing (Gong et al.
/// 2024, arXiv:2410.17891). Inner lays out its slots from left to right and lets all see all; with less to see, its
/// loss becomes a bound.
template <Factorization Inner>
struct LeftContext {
  static_assert(std::same_as<typename Inner::Rule, Full>,
                "[ordo] LeftContext: the policy inside must let every slot see every slot (Rule = Full)");

  using Rule = Causal;
  static constexpr bool training_only = TrainingOnly<Inner>;

  Inner inner{};

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    (void)inner.plan(shape, choices, slots);
    return {};
  }
  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    return RuledSampler<decltype(sampler_of(inner, shape, known, choices)), Causal>{
        sampler_of(inner, shape, known, choices)};
  }
  void check(Shape shape) const { check_shape(inner, shape); }
  [[nodiscard]] constexpr Claim claim() const {
    return inner.claim() == Claim::training_only ? Claim::training_only : Claim::bound;
  }
  [[nodiscard]] constexpr Readout readout() const { return readout_of(inner); }
  [[nodiscard]] auto scored_as() const requires ScoredAsAnother<Inner> {
    return LeftContext<std::remove_cvref_t<decltype(inner.scored_as())>>{inner.scored_as()};
  }
  [[nodiscard]] std::string name() const { return "left-context(" + inner.name() + ")"; }
};

}  // namespace ordo
