#pragma once
// Masked diffusion read out one place to the left: the slot at position i predicts the token at i + 1, as a
// left-to-right network does, so that a mixture of both shares one readout (Gong et al. 2024, arXiv:2410.17891).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/full.hpp>

namespace ordo {

namespace detail {

/// Puts a start before the slots from number `first` on, and each slot's target one slot to the left. Slots must stand
/// in reading order and predict what stands at their own place.
template <class Slots>
void shift_targets(Slots& slots, std::size_t first) {
  slots.push_back({});
  for (std::size_t s = slots.size() - 1; s > first; --s) slots[s] = slots[s - 1];
  slots[first] = Slot::start();
  for (std::size_t s = first + 1; s < slots.size(); ++s) {
    Slot& slot = slots[s];
    require(
        slot.position == static_cast<std::int32_t>(s - first) && (!slot.predicts() || slot.target + 1 == slot.position),
        "shifted", "the policy inside must lay out one slot a token that predicts its own token (got token ",
        slot.target, " predicted at position ", slot.position, ")");
    if (!slot.predicts()) continue;
    slots[s - 1] = slots[s - 1].predicting(slot.target, slot.weight);
    slot.target = slot.target_position = absent;
    slot.weight = 0;
  }
}

}  // namespace detail

/// The sampler of a shifted policy.
template <class S>
struct ShiftedSampler {
  S inner;

  [[nodiscard]] bool next(const Known& known, SampleStep& step) {
    if (!inner.next(known, step)) return false;
    require(step.keep.empty(), "shifted", "the sampler inside must keep nothing (got ", step.keep.size(), " slots)");
    detail::shift_targets(step.temporary, 0);
    return true;
  }
  [[nodiscard]] Full rule() const { return {}; }
  [[nodiscard]] double hidden(double t) const { return pace(inner, t); }
};

/// T + 1 slots, all see all: the start, then Inner's; token i is predicted by the slot at position i, which shows
/// token i - 1, the mask in its place, or the start. Inner is a masked policy: one slot a token in reading order, the
/// mask predicting its own token.
template <Factorization Inner>
struct Shifted {
  static_assert(std::same_as<typename Inner::Rule, Full>,
                "[ordo] Shifted: the policy inside must let every slot see every slot (Rule = Full), as masked "
                "diffusion does; shift inside of blocks and mixtures: Blockwise<B, Shifted<...>>");

  using Rule = Full;
  static constexpr bool training_only = TrainingOnly<Inner>;

  Inner inner{};

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    const std::size_t first = slots.size();
    (void)inner.plan(shape, choices, slots);
    detail::shift_targets(slots, first);
    return {};
  }
  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    return ShiftedSampler<decltype(sampler_of(inner, shape, known, choices))>{sampler_of(inner, shape, known, choices)};
  }
  /// Throws where the policy inside cannot be shifted: a few plans are laid out to see.
  void check(Shape shape) const {
    check_shape(inner, shape);
    for (std::uint64_t n = 0; n < 4; ++n) {
      RandomChoices choices(0, Purpose::plan, n);
      std::vector<Slot> slots;
      (void)plan(shape, choices, slots);
    }
  }
  [[nodiscard]] constexpr Claim claim() const { return inner.claim(); }
  [[nodiscard]] constexpr Readout readout() const { return {Reads::next, Reads::next}; }
  [[nodiscard]] auto scored_as() const requires ScoredAsAnother<Inner> {
    return Shifted<std::remove_cvref_t<decltype(inner.scored_as())>>{inner.scored_as()};
  }
  [[nodiscard]] std::string name() const { return "shifted(" + inner.name() + ")"; }
};

}  // namespace ordo
