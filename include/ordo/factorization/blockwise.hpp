#pragma once
// Blocks in reading order, another factorization inside each: block diffusion (BD3-LM) where that is masked
// diffusion. Arriola et al. 2025, arXiv:2503.09573.

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

/// 2T - B slots: clean copies of all blocks but the last, then Inner's plan for each block, with its own draw. A
/// block's slots see each other by Inner's rule, and the clean copies of earlier blocks. The start of a block is the
/// token before it. Where B does not divide T the last block is shorter; `check` refuses a context that B does not
/// divide, so that this happens only at the end of a document.
template <int B, Factorization Inner>
struct Blockwise {
  static_assert(RuleOfLength<Inner>,
                "[ordo] Blockwise: the rule inside must be the same in every block, so a policy whose rule is drawn "
                "(such as a mixture of rules) goes outside: Mixture<Blockwise<...>, ...>");
  static_assert(!GivesTokens<Inner>, "[ordo] Blockwise: given tokens go outside of the blocks: Prefix<Blockwise<...>>");

  using Rule = Blocks<typename Inner::Rule>;
  static constexpr bool rule_of_length = true;
  static constexpr bool training_only = TrainingOnly<Inner>;

  [[no_unique_address]] Number<B> block{};
  Inner inner{};

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const std::int32_t length = shape.length;
    const std::int32_t size = block.get();
    const std::int32_t last = std::max(0, length - 1) / size;  // the last block
    Rule rule;
    rule.clean = last * size;
    rule.block = size;
    for (std::int32_t i = 0; i < rule.clean; ++i) slots.push_back(Slot::token(i));
    const std::size_t noisy = slots.size();
    for (std::int32_t b = 0; b <= last; ++b) {
      const std::size_t first = slots.size();
      const auto inside = inner.plan(Shape{std::min(size, length - b * size)}, choices, slots);
      move_slots(slots, first, b * size);
      if (b == 0) {
        rule.inner = inside;
        rule.slots = std::max(1, static_cast<std::int32_t>(slots.size() - first));
      }
      require(static_cast<std::int32_t>(first - noisy) == b * rule.slots, "blockwise", "the policy inside, ",
              inner.name(), ", must lay out as many slots in each block (got ", first - noisy, " in ", b, " blocks, ",
              rule.slots, " in the first)");
      rule.last_begin = b * rule.slots;
      rule.last = inside;
    }
    return rule;
  }

  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    using Part = decltype(sampler_of(inner, shape, known, choices));
    std::vector<Part> parts;
    std::vector<std::int32_t> begin{0};
    while (begin.back() < shape.length) {
      const std::int32_t from = begin.back();
      const std::int32_t to = std::min(from + block.get(), shape.length);
      const Known own(known.begin() + from, known.begin() + to);
      parts.push_back(sampler_of(inner, Shape{to - from}, own, choices));
      begin.push_back(to);
    }
    return BlocksSampler<Part>(std::move(parts), std::move(begin), block.get());
  }

  /// Throws where blocks of B do not fill the context.
  void check(Shape shape) const {
    require(shape.length % block.get() == 0, "blockwise", "the block must divide the context (got block ", block.get(),
            ", context ", shape.length, ")");
    check_shape(inner, Shape{block.get()});
  }
  [[nodiscard]] constexpr Claim claim() const { return inner.claim(); }
  [[nodiscard]] constexpr Readout readout() const { return readout_of(inner); }
  [[nodiscard]] auto scored_as() const requires ScoredAsAnother<Inner> {
    return Blockwise<B, std::remove_cvref_t<decltype(inner.scored_as())>>{block, inner.scored_as()};
  }
  [[nodiscard]] std::string name() const {
    return "blockwise:" + std::to_string(block.get()) + "(" + inner.name() + ")";
  }
};

}  // namespace ordo
