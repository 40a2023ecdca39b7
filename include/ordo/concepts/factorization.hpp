#pragma once
// What makes a type a factorization: it lays out plans, and says what its loss means.

#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/claim.hpp>
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

/// True where a type says, at compile time, that its loss is no score: `static constexpr bool training_only`.
template <class F>
concept TrainingOnly = requires {
  requires F::training_only;
};

}  // namespace ordo
