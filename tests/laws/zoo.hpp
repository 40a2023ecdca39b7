#pragma once
// Wrong policies. Each breaks one thing, as a tired author might; the law of that thing must reject it.

#include <cstddef>
#include <cstdint>
#include <ratio>
#include <string>
#include <type_traits>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/core/tile.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/fill_in_the_middle.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_context.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/move.hpp>
#include <ordo/factorization/noisy_inputs.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>
#include <ordo/factorization/shifted.hpp>
#include <ordo/factorization/suffix_masked.hpp>

namespace zoo {

using ordo::Claim;
using ordo::Shape;
using ordo::Slot;

/// A policy from a rule, a claim and a function that lays out its slots.
template <class R, Claim claimed, class Layout>
struct Made {
  using Rule = R;
  Layout layout;
  Rule visibility{};

  template <ordo::Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    layout(shape, choices, slots);
    return visibility;
  }
  [[nodiscard]] Claim claim() const { return claimed; }
  [[nodiscard]] std::string name() const { return "wrong"; }
};
template <class Rule, Claim claimed, class Layout>
Made<Rule, claimed, Layout> made(Layout layout, Rule rule = {}) {
  return {layout, rule};
}

/// Left to right, each slot then altered by alter(i, slot).
template <class Rule = ordo::Causal, Claim claimed = Claim::exact, class Alter>
auto left_to_right_but(Alter alter, Rule rule = {}) {
  return made<Rule, claimed>(
      [alter](Shape shape, auto& choices, auto& slots) {
        const std::size_t first = slots.size();
        ordo::LeftToRight{}.plan(shape, choices, slots);
        for (std::size_t i = first; i < slots.size(); ++i) alter(static_cast<std::int32_t>(i - first), slots[i]);
      },
      rule);
}

/// What `Inner` lays out, under another claim.
template <Claim claimed, class Inner>
auto claiming(Inner inner) {
  return made<typename Inner::Rule, claimed>(
      [inner](Shape shape, auto& choices, auto& slots) { inner.plan(shape, choices, slots); });
}

/// Masked diffusion that hides `count` tokens, count uniform; which(i, count, offset, length) says whether i is one.
template <Claim claimed, class Which>
auto masked_by(Which which) {
  return made<ordo::Full, claimed>([which](Shape shape, auto& choices, auto& slots) {
    const auto length = static_cast<std::uint32_t>(shape.length);
    const auto count = static_cast<std::int32_t>(choices.below(length)) + 1;
    const auto offset = static_cast<std::int32_t>(choices.below(length));
    for (std::int32_t i = 0; i < shape.length; ++i) {
      const auto weight = static_cast<float>(shape.length) / static_cast<float>(count);
      slots.push_back(which(i, count, offset, shape.length) ? Slot::mask(i).predicting(i, weight) : Slot::token(i));
    }
  });
}

// ---- leaks

/// Every token is shown, and asked for where all see all.
inline auto shown_and_asked() {
  return made<ordo::Full, Claim::exact>([](Shape shape, auto&, auto& slots) {
    for (std::int32_t i = 0; i < shape.length; ++i) slots.push_back(Slot::token(i).predicting(i));
  });
}
/// Causal, but each slot shows the very token that it predicts.
inline auto shows_its_target() {
  return left_to_right_but([](std::int32_t i, Slot& s) { s = Slot::token(i).predicting(i); });
}
/// Left to right under the rule of masked diffusion.
inline auto left_to_right_seeing_all() {
  return left_to_right_but<ordo::Full>([](std::int32_t, Slot&) {});
}

/// Slot q sees itself, slot 0 and, from slot 0, the last: nobody sees the future, except through slot 0.
struct ThroughSlotZero {
  std::int32_t last = 0;
  [[nodiscard]] constexpr bool sees(std::int32_t q, std::int32_t k) const { return k <= q || (q == 0 && k == last); }
  [[nodiscard]] constexpr ordo::Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const {
    return ordo::Tile::some;
  }
};
/// Slot 0 predicts nothing and shows the start, so that no predicting slot sees its target directly.
inline auto leak_over_two_hops(std::int32_t length) {
  return made<ThroughSlotZero, Claim::exact>(
      [](Shape shape, auto&, auto& slots) {
        slots.push_back(Slot::start());
        slots.push_back(Slot::start().predicting(0));
        for (std::int32_t i = 0; i + 1 < shape.length; ++i) slots.push_back(Slot::token(i).predicting(i + 1));
        slots.push_back(Slot::token(shape.length - 1));
      },
      ThroughSlotZero{length + 1});
}

// ---- weights

inline auto doubled_weight() {
  return left_to_right_but([](std::int32_t i, Slot& s) { s.weight = i == 1 ? 2.0F : 1.0F; });
}
inline auto forgotten_token() {
  return made<ordo::Causal, Claim::exact>([](Shape shape, auto&, auto& slots) {
    slots.push_back(Slot::start().predicting(0));
    for (std::int32_t i = 0; i + 2 < shape.length; ++i) slots.push_back(Slot::token(i).predicting(i + 1));
  });
}
/// Weight 1 on hidden tokens, where T / count belongs.
inline auto unit_weight() {
  return made<ordo::Full, Claim::order_average>([](Shape shape, auto& choices, auto& slots) {
    ordo::MaskedDiffusion<>{}.plan(shape, choices, slots);
    for (Slot& s : slots) s.weight = s.predicts() ? 1.0F : 0.0F;
  });
}
/// Half of every weight, and only a bound is claimed.
inline auto half_weight_bound() {
  return left_to_right_but<ordo::Causal, Claim::bound>([](std::int32_t, Slot& s) { s.weight = 0.5F; });
}
/// Always hides the first tokens.
inline auto biased_subset() {
  return masked_by<Claim::order_average>(
      [](std::int32_t i, std::int32_t count, std::int32_t, std::int32_t) { return i < count; });
}
/// Hides a run of tokens that wraps around: each token is hidden as often as it should be, but not each subset.
/// From four tokens on the mean is over some orders more than over others.
inline auto hidden_runs() {
  return masked_by<Claim::order_average>([](std::int32_t i, std::int32_t count, std::int32_t offset,
                                            std::int32_t length) { return (i - offset + length) % length < count; });
}
/// The first token is given, and yet it is asked for.
struct GivenAndScored : ordo::LeftToRight {
  [[nodiscard]] ordo::Known given(Shape shape) const {
    ordo::Known known(static_cast<std::size_t>(shape.length), 0);
    known[0] = 1;
    return known;
  }
};
/// Token i + 1 has the weight of token i besides its own, token 0 has none: right in the sum only.
inline auto shifted_weight() {
  return left_to_right_but([](std::int32_t i, Slot& s) { s.weight = i == 0 ? 0.0F : i == 1 ? 2.0F : 1.0F; });
}

// ---- slots

/// The token's index for its position: the start already stands at 0.
inline auto wrong_position() {
  return left_to_right_but([](std::int32_t i, Slot& s) { s.position = i == 0 ? 0 : i - 1; });
}
/// Told where the slot itself stands, and not its target.
inline auto wrong_target_position() {
  return left_to_right_but([](std::int32_t, Slot& s) { s.target_position = s.position; });
}
inline auto target_beyond_the_end() {
  return left_to_right_but([](std::int32_t, Slot& s) { ++s.target; });
}
inline auto negative_weight() {
  return left_to_right_but([](std::int32_t i, Slot& s) { s.weight = i == 0 ? -1.0F : 1.0F; });
}
inline auto weight_without_target() {
  return left_to_right_but([](std::int32_t i, Slot& s) { s.target = i == 0 ? ordo::absent : s.target; });
}
/// Sees what is earlier, never itself: the first slot sees nothing.
struct StrictlyEarlier {
  [[nodiscard]] constexpr bool sees(std::int32_t q, std::int32_t k) const { return k < q; }
  [[nodiscard]] constexpr ordo::Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const {
    return ordo::Tile::some;
  }
};
inline auto sees_nothing() {
  return left_to_right_but<StrictlyEarlier>([](std::int32_t, Slot&) {});
}

// ---- claims

/// All tokens are hidden from one another: a bound, but not the truth.
template <Claim claimed>
auto independent_tokens() {
  return made<ordo::Full, claimed>([](Shape shape, auto&, auto& slots) {
    for (std::int32_t i = 0; i < shape.length; ++i) slots.push_back(Slot::mask(i).predicting(i));
  });
}
/// Several orders, no word about which token is asked, and an order average claimed.
inline auto untold_orders_as_average() {
  return claiming<Claim::order_average>(
      ordo::Orderings<ordo::dynamic>{.count = 4, .kind = ordo::OrderKind::uniform, .seed = 2});
}
inline auto masked_diffusion_as_exact() { return claiming<Claim::exact>(ordo::MaskedDiffusion<>{}); }
/// The paper's floor makes the bound looser than the order average.
inline auto floor_as_average() {
  return claiming<Claim::order_average>(ordo::MaskedDiffusion<ordo::Linear, ordo::PerToken>{{.floor = 0.1}});
}
/// The true pseudo-likelihood: every token with all others known, and a bound claimed.
inline auto pseudo_likelihood_as_bound() {
  return made<ordo::Full, Claim::bound>([](Shape shape, auto& choices, auto& slots) {
    const auto hidden = static_cast<std::int32_t>(choices.below(static_cast<std::uint32_t>(shape.length)));
    for (std::int32_t i = 0; i < shape.length; ++i) {
      slots.push_back(i == hidden ? Slot::mask(i).predicting(i, static_cast<float>(shape.length)) : Slot::token(i));
    }
  });
}

// ---- draws

/// Counts its own plans: every third is in another order.
struct Remembers : ordo::LeftToRight {
  mutable int plans = 0;
  template <ordo::Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    if (shape.length > 1 && plans++ % 3 == 1) {
      const Rule rule = ordo::LeftToRight::plan(shape, choices, slots);
      ordo::reorder_slots(slots, 0, ordo::fixed_order(ordo::OrderKind::uniform, 1, 3, shape), false);
      return rule;
    }
    return ordo::LeftToRight::plan(shape, choices, slots);
  }
};
/// Turns half of the samples around when enumerated, and fewer when drawn.
struct OtherOdds : ordo::LeftToRight {
  template <ordo::Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const double odds = std::is_same_v<C, ordo::RandomChoices> ? 0.45 : 0.5;
    std::vector<std::int32_t> order(static_cast<std::size_t>(shape.length));
    const bool back = choices.happens(odds);
    for (std::int32_t i = 0; i < shape.length; ++i) {
      order[static_cast<std::size_t>(i)] = back ? shape.length - 1 - i : i;
    }
    const Rule rule = ordo::LeftToRight::plan(shape, choices, slots);
    ordo::reorder_slots(slots, 0, order, true);
    return rule;
  }
};

// ---- tiles

/// Forgets that a tile on the diagonal is partly seen.
struct NoneOnTheDiagonal : ordo::Causal {
  [[nodiscard]] constexpr ordo::Tile tile(std::int32_t q0, std::int32_t, std::int32_t, std::int32_t k1) const {
    return k1 - 1 <= q0 ? ordo::Tile::all : ordo::Tile::none;
  }
};
/// Off by one: the last key, k1 - 1, is seen by query k1 - 1 and not by query k1 - 2.
struct AllTooSoon : ordo::Causal {
  [[nodiscard]] constexpr ordo::Tile tile(std::int32_t q0, std::int32_t q1, std::int32_t k0, std::int32_t k1) const {
    if (k1 - 2 <= q0) return ordo::Tile::all;
    return k0 > q1 - 1 ? ordo::Tile::none : ordo::Tile::some;
  }
};
/// Keeps its promises by making none.
struct NeverPromises : ordo::Causal {
  [[nodiscard]] constexpr ordo::Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const {
    return ordo::Tile::some;
  }
};

// ---- samplers

/// Asks for one token after the other, wherever they stand, and shows all others, known or not.
struct ShowsUnknown {
  Shape shape;
  [[nodiscard]] bool next(const ordo::Known& known, ordo::SampleStep& step) const {
    step.clear();
    bool asked = false;
    for (std::int32_t i = 0; i < shape.length; ++i) {
      const bool ask = !asked && known[static_cast<std::size_t>(i)] == 0;
      step.temporary.push_back(ask ? Slot::mask(i).predicting(i) : Slot::token(i));
      asked = asked || ask;
    }
    return asked;
  }
  [[nodiscard]] ordo::Full rule() const { return {}; }
};
/// Unmasking, with its slots kept: each would have to see the tokens that come later.
struct KeepsWhatChanges {
  Shape shape;
  [[nodiscard]] bool next(const ordo::Known& known, ordo::SampleStep& step) const {
    step.clear();
    for (std::int32_t i = 0; i < shape.length; ++i) {
      if (known[static_cast<std::size_t>(i)] == 0) {
        step.keep.push_back(Slot::mask(i).predicting(i));
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] ordo::Full rule() const { return {}; }
};
/// Stops one token early.
struct StopsEarly {
  Shape shape;
  std::int32_t at = 0;
  [[nodiscard]] bool next(const ordo::Known&, ordo::SampleStep& step) {
    step.clear();
    if (at + 1 >= shape.length) return false;
    step.keep.push_back((at == 0 ? Slot::start() : Slot::token(at - 1)).predicting(at));
    ++at;
    return true;
  }
  [[nodiscard]] ordo::Causal rule() const { return {}; }
};
/// Asks for the first token for ever.
struct NeverStops {
  [[nodiscard]] bool next(const ordo::Known&, ordo::SampleStep& step) const {
    step.clear();
    step.temporary.push_back(Slot::mask(0).predicting(0));
    return true;
  }
  [[nodiscard]] ordo::Full rule() const { return {}; }
};
/// Asks for each token at two slots.
struct AsksTwice {
  [[nodiscard]] bool next(const ordo::Known& known, ordo::SampleStep& step) const {
    step.clear();
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(known.size()); ++i) {
      if (known[static_cast<std::size_t>(i)] != 0) continue;
      for (int twice = 0; twice < 2; ++twice) step.temporary.push_back(Slot::mask(i).predicting(i));
    }
    return !step.temporary.empty();
  }
  [[nodiscard]] ordo::Full rule() const { return {}; }
};

// ---- combinators gone wrong

/// Block diffusion whose slots also see the clean copy of their own block.
struct SeesItsOwnCopy {
  using Rule = ordo::Blocks<ordo::Full>;
  template <ordo::Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    for (std::int32_t i = 0; i < shape.length; ++i) slots.push_back(Slot::token(i));  // the last block's too
    std::vector<Slot> own;
    Rule rule = ordo::Blockwise<2, ordo::MaskedDiffusion<>>{}.plan(shape, choices, own);
    slots.insert(slots.end(), own.begin() + rule.clean, own.end());
    rule.clean = shape.length;
    rule.first = 1;
    return rule;
  }
  [[nodiscard]] Claim claim() const { return Claim::order_average; }
  [[nodiscard]] std::string name() const { return "wrong"; }
};
/// Block diffusion with T / count where block / count belongs.
inline auto weight_of_the_sequence() {
  return made<ordo::Blocks<ordo::Full>, Claim::order_average>([](Shape shape, auto& choices, auto& slots) {
    ordo::Blockwise<2, ordo::MaskedDiffusion<>>{}.plan(shape, choices, slots);
    for (Slot& s : slots) s.weight *= 2;
  });
}
/// A prefix that is given and predicted all the same.
struct PredictsThePrefix : ordo::Prefix<ordo::LeftToRight, 1> {
  template <ordo::Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const Rule rule = Prefix::plan(shape, choices, slots);
    if (shape.length > 0) slots[0] = Slot::start().predicting(0);
    return rule;
  }
};
/// Late tokens counted more than early ones, and called a bound.
inline auto suffix_weighted_by_share() {
  return claiming<Claim::bound>(ordo::SuffixMasked<ordo::SuffixWeight::by_share>{});
}
/// Reading order in one part, untold orders in the other: the same slots are asked for different tokens.
inline auto two_orders_as_average() {
  return claiming<Claim::order_average>(ordo::Mixture{ordo::Weighted{ordo::LeftToRight{}, 0.5},
                                                      ordo::Weighted{ordo::FillInTheMiddle{.told = false}, 0.5}});
}
inline auto untold_middle_as_average() { return claiming<Claim::order_average>(ordo::FillInTheMiddle{.told = false}); }
inline auto noise_as_exact() {
  return claiming<Claim::exact>(ordo::NoisyInputs<ordo::LeftToRight, std::ratio<1, 4>>{});
}
inline auto finite_steps_as_average() { return claiming<Claim::order_average>(ordo::D3pm<3>{}); }
inline auto left_context_as_average() {
  return claiming<Claim::order_average>(ordo::LeftContext<ordo::MaskedDiffusion<>>{});
}

}  // namespace zoo
