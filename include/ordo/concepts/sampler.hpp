#pragma once
// How a policy samples: a small state machine that is told what is known and answers with slots.

#include <concepts>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/sample_step.hpp>

namespace ordo {

/// `sampler.next(known, step)` fills the step's slots, or returns false when nothing is left to predict;
/// `sampler.rule()` is the visibility over all slots kept so far and those of the step.
template <class S>
concept Sampler = requires(S& sampler, const Known& known, SampleStep& step) {
  { sampler.next(known, step) } -> std::same_as<bool>;
  requires VisibilityRule<std::remove_cvref_t<decltype(sampler.rule())>>;
};

/// `f.sampler(shape, known, choices)`: known tokens are given (a prompt, or the surroundings of a gap). Throws
/// where the policy cannot condition on them. A policy without one gets PlanSampler.
template <class F>
concept MakesSampler = requires(const F& f, Shape shape, const Known& known, RandomChoices& choices) {
  { f.sampler(shape, known, choices) } -> Sampler;
};

/// `sampler.hidden(t)`: the share still hidden at time t; sets the pace of ancestral unmasking. Linear where absent.
template <class S>
concept HasPace = requires(const S& sampler, double t) {
  { sampler.hidden(t) } -> std::convertible_to<double>;
};

/// The share still hidden at time t.
template <class S>
[[nodiscard]] double pace(const S& sampler, double t) {
  if constexpr (HasPace<S>) {
    return sampler.hidden(t);
  } else {
    return t;
  }
}

}  // namespace ordo
