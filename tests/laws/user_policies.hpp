#pragma once
// Policies as a user would write them, from public headers only, kept alive by the laws.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/core/tile.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

namespace user {

/// The last token first.
struct RightToLeft {
  using Rule = ordo::Causal;

  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C&, Slots& slots) const {
    for (std::int32_t i = shape.length - 1; i >= 0; --i) {
      slots.push_back((i + 1 == shape.length ? ordo::Slot::start() : ordo::Slot::token(i + 1)).predicting(i));
    }
    return {};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
  [[nodiscard]] std::string name() const { return "right-to-left"; }
};

/// Tokens 0, 2, 4, ... in reading order, then 1, 3, 5, ... between them.
struct EvenThenOdd {
  using Rule = ordo::Causal;

  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C&, Slots& slots) const {
    ordo::Slot next = ordo::Slot::start();
    for (const std::int32_t first : {0, 1}) {
      for (std::int32_t i = first; i < shape.length; i += 2) {
        slots.push_back(next.predicting(i));
        next = ordo::Slot::token(i);
      }
    }
    return {};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
  [[nodiscard]] std::string name() const { return "even-then-odd"; }
};

/// The first slots see one another, the others what came before: a rule with a number for each sequence.
struct PrefixRule {
  std::int32_t prefix = 0;  ///< slots of the prefix

  [[nodiscard]] ORDO_HD constexpr bool sees(std::int32_t q, std::int32_t k) const { return k <= q || k < prefix; }
  [[nodiscard]] ORDO_HD constexpr ordo::Tile tile(std::int32_t q0, std::int32_t q1, std::int32_t k0,
                                                  std::int32_t k1) const {
    if (k1 - 1 <= q0 || k1 <= prefix) return ordo::Tile::all;
    return k0 > q1 - 1 && k0 >= prefix ? ordo::Tile::none : ordo::Tile::some;
  }
};

/// The first half is given and seen from both sides, the second half predicted left to right.
struct PrefixThenRest {
  using Rule = PrefixRule;

  [[nodiscard]] ordo::Known given(ordo::Shape shape) const {
    ordo::Known known(static_cast<std::size_t>(shape.length), 0);
    for (std::int32_t i = 0; i < shape.length / 2; ++i) known[static_cast<std::size_t>(i)] = 1;
    return known;
  }
  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C&, Slots& slots) const {
    const std::int32_t prefix = shape.length / 2;  // tokens; the start comes before them
    slots.push_back(prefix == 0 && shape.length > 0 ? ordo::Slot::start().predicting(0) : ordo::Slot::start());
    for (std::int32_t i = 0; i + 1 < shape.length; ++i) {
      const ordo::Slot slot = ordo::Slot::token(i);
      slots.push_back(i + 1 < prefix ? slot : slot.predicting(i + 1));
    }
    return {prefix + 1};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
  [[nodiscard]] std::string name() const { return "prefix-then-rest"; }
};

/// Every other sample left to right, the rest by masked diffusion: two levels for one sample, and two rules.
struct HalfMasked {
  using Rule = ordo::OneOfRules<ordo::Causal, ordo::Full>;

  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C& choices, Slots& slots) const {
    const auto even = [](std::uint32_t k) { return k / 2.0; };
    if (choices.pick(2, ordo::Levels::low_discrepancy, even) == 0) {
      return ordo::LeftToRight{}.plan(shape, choices, slots);
    }
    return ordo::MaskedDiffusion<>{}.plan(shape, choices, slots);
  }
  template <ordo::Choices C>
  [[nodiscard]] auto sampler(ordo::Shape shape, const ordo::Known& known, C& choices) const {
    return ordo::LeftToRight{}.sampler(shape, known, choices);
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::order_average; }
  [[nodiscard]] std::string name() const { return "half-masked"; }
};

/// One token is hidden behind the mask with each of T draws, and all others are shown: the pseudo-likelihood (Besag
/// 1975). It can train a network, but is no bound: the weights count every token once, each with all others known.
struct OneHidden {
  using Rule = ordo::Causal;
  static constexpr bool training_only = true;

  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C& choices, Slots& slots) const {
    if (shape.length == 0) return {};
    const auto hidden = static_cast<std::int32_t>(choices.below(static_cast<std::uint32_t>(shape.length)));
    for (std::int32_t i = 0; i < shape.length; ++i) {
      if (i != hidden) slots.push_back(ordo::Slot::token(i));
    }
    slots.push_back(ordo::Slot::mask(hidden).predicting(hidden, static_cast<float>(shape.length)));  // sees all
    return {};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::training_only; }
  [[nodiscard]] std::string name() const { return "one-hidden"; }
};

}  // namespace user
