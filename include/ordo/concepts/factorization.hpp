#pragma once
// What makes a type a factorization: it lays out plans, and says what its loss means.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// `f.plan(shape, choices, slots)` appends the slots of one sequence to `slots` and returns the visibility rule
/// over them (slot numbers count from the first one appended). A plan looks at the length and the choices only.
template <class F>
concept DrawsPlan = requires(const F& f, Shape shape, RandomChoices& choices, std::vector<Slot>& slots) {
  typename F::Rule;
  requires VisibilityRule<typename F::Rule>;
  { f.plan(shape, choices, slots) } -> std::same_as<typename F::Rule>;
};

/// `f.claim()` says what the loss is: exact, an order average, a bound, or good for training only.
template <class F>
concept DeclaresClaim = requires(const F& f) {
  { f.claim() } -> std::same_as<Claim>;
};

/// `f.name()` is the policy as the programs spell it, e.g. "orderings:16".
template <class F>
concept HasName = requires(const F& f) {
  { f.name() } -> std::convertible_to<std::string>;
};

/// A factorization policy: a small value that says how sequences become plans.
template <class F>
concept Factorization = std::copyable<F> && DrawsPlan<F> && DeclaresClaim<F> && HasName<F>;

/// `f.scored_as()` is the policy whose loss should be reported, where it is not the policy itself (a network
/// trained over N orderings is scored left to right).
template <class F>
concept ScoredAsAnother = requires(const F& f) {
  f.scored_as();
};

/// `f.readout()` says how slots that are not told their target know it; see Readout.
template <class F>
concept HasReadout = requires(const F& f) {
  { f.readout() } -> std::same_as<Readout>;
};

/// The policy's readout, or that of a policy that does not say.
template <class F>
[[nodiscard]] constexpr Readout readout_of(const F& policy) {
  if constexpr (HasReadout<F>) {
    return policy.readout();
  } else {
    return unclear_readout;
  }
}

/// `f.given(shape)`: the tokens that are given and never predicted, by index; scores are conditional on them.
template <class F>
concept GivesTokens = requires(const F& f, Shape shape) {
  { f.given(shape) } -> std::same_as<Known>;
};

/// The given tokens of a policy; none where it does not say.
template <class F>
[[nodiscard]] Known given_of(const F& policy, Shape shape) {
  if constexpr (GivesTokens<F>) {
    return policy.given(shape);
  } else {
    return Known(static_cast<std::size_t>(shape.length), 0);
  }
}

/// How many of the sequence's tokens the policy scores.
template <class F>
[[nodiscard]] std::int64_t scored_tokens(const F& policy, Shape shape) {
  if constexpr (GivesTokens<F>) {
    const Known known = policy.given(shape);
    return std::count(known.begin(), known.end(), char{0});
  } else {
    return shape.length;
  }
}

/// `f.check(shape)` throws an Error where full windows of this length do not suit the policy. Asked once, before a
/// run; shorter windows (the end of a document) must work all the same.
template <class F>
concept ChecksShape = requires(const F& f, Shape shape) {
  f.check(shape);
};

template <class F>
void check_shape(const F& policy, Shape shape) {
  if constexpr (ChecksShape<F>) policy.check(shape);
}

/// True where the rule is a function of the length alone, whatever is drawn: always for a rule without data, else by
/// `static constexpr bool rule_of_length = true`.
template <class F>
concept RuleOfLength = std::is_empty_v<typename F::Rule> || requires {
  requires F::rule_of_length;
};

/// True where a type says, at compile time, that its loss is no score: `static constexpr bool training_only`.
template <class F>
concept TrainingOnly = requires {
  requires F::training_only;
};

}  // namespace ordo
