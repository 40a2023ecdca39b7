#pragma once
// A prefix that is given: seen from both sides, never predicted. The rest follows another factorization (prefix
// language model, Raffel et al. 2019, arXiv:1910.10683, where the rest is left to right).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/number.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/move.hpp>
#include <ordo/factorization/rule/blocks.hpp>
#include <ordo/factorization/sampler/blocks.hpp>

namespace ordo {

/// The first P tokens (all, if there are no more) in P slots that see one another; then Inner's plan for the rest,
/// whose slots see the prefix too. The loss is that of the rest given the prefix. The start of the rest is the last
/// token of the prefix.
template <Factorization Inner, int P = dynamic>
struct Prefix {
  using Rule = WrappedRule<Blocks, typename Inner::Rule>;
  static constexpr bool rule_of_length = RuleOfLength<Inner>;
  static constexpr bool training_only = TrainingOnly<Inner>;

  Inner inner{};
  [[no_unique_address]] Number<P> length{};

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const std::int32_t prefix = prefix_of(shape);
    for (std::int32_t i = 0; i < prefix; ++i) slots.push_back(Slot::token(i));
    const std::size_t first = slots.size();
    const auto inside = inner.plan(Shape{shape.length - prefix}, choices, slots);
    move_slots(slots, first, prefix);
    return visit_rule(inside, [&](const auto& rule) -> Rule {
      return Blocks<std::remove_cvref_t<decltype(rule)>>{prefix, std::max(prefix, 1), 1, 1, 0, rule, rule};
    });
  }

  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    const std::int32_t prefix = prefix_of(shape);
    using Part = decltype(sampler_of(inner, shape, known, choices));
    std::vector<Part> parts;
    parts.push_back(
        sampler_of(inner, Shape{shape.length - prefix}, Known(known.begin() + prefix, known.end()), choices));
    return BlocksSampler<Part>(std::move(parts), {prefix, shape.length}, std::max(prefix, 1));
  }

  [[nodiscard]] Known given(Shape shape) const {
    const std::int32_t prefix = prefix_of(shape);
    Known known(static_cast<std::size_t>(shape.length), 0);
    std::fill_n(known.begin(), prefix, char{1});
    const Known rest = given_of(inner, Shape{shape.length - prefix});
    std::copy(rest.begin(), rest.end(), known.begin() + prefix);
    return known;
  }
  /// Throws where nothing of a full window is left to predict.
  void check(Shape shape) const {
    require(length.get() < shape.length, "prefix", "the prefix must be shorter than the context (got prefix ",
            length.get(), ", context ", shape.length, ")");
    check_shape(inner, Shape{shape.length - length.get()});
  }
  [[nodiscard]] constexpr Claim claim() const { return inner.claim(); }
  [[nodiscard]] constexpr Readout readout() const { return readout_of(inner); }
  [[nodiscard]] auto scored_as() const requires ScoredAsAnother<Inner> {
    return Prefix<std::remove_cvref_t<decltype(inner.scored_as())>, P>{inner.scored_as(), length};
  }
  [[nodiscard]] std::string name() const { return "prefix:" + std::to_string(length.get()) + "(" + inner.name() + ")"; }

 private:
  [[nodiscard]] std::int32_t prefix_of(Shape shape) const { return std::min(length.get(), shape.length); }
};

}  // namespace ordo
