#pragma once
// How a batch becomes passes: plans are drawn one after the other, and packed until a pass is full.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ordo/concepts/factorization.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/train/options.hpp>

namespace ordo {

/// Slots in one pass. Where the user does not say: as many as keep a layer's activations in a few MiB of cache, but
/// enough rows for the matrix products.
[[nodiscard]] inline std::int64_t micro_slots(const TrainOptions& options, const ModelConfig& config) {
  if (options.micro_slots > 0) return options.micro_slots;
  const std::int64_t numbers = 8LL * config.width + 3LL * config.feed_forward();  // of one slot in one layer
  return std::max<std::int64_t>(1024, (std::int64_t{2} << 20) / numbers);
}

/// Samples first .. last - 1 of a run of `all` samples, which belong to one batch.
struct SampleRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t all = 1;

  /// Training progress in [0, 1] at sample n, for curricula: 0 at the run's first sample, 1 at its last.
  [[nodiscard]] double progress(std::int64_t n) const {
    return static_cast<double>(n) / static_cast<double>(std::max<std::int64_t>(1, all - 1));
  }
};

/// Draws the plan of each sample and calls `add(n, slots, rule)`; calls `run(last)` whenever the next plan would bring
/// the pass above `limit` slots, and at the end. A pass holds at least one plan. `length(n)` is sample n's number of
/// tokens. One plan is held at a time, and each is a function of (seed, n) alone, however the passes are cut.
template <Factorization F, class Length, class Add, class Run>
void for_each_pass(const F& policy, std::uint64_t seed, const SampleRange& samples, std::int64_t limit,
                   const Length& length, const Add& add, const Run& run) {
  std::vector<Slot> slots;
  std::int64_t filled = 0;
  for (std::int64_t i = samples.first; i < samples.last; ++i) {
    const auto n = static_cast<std::uint64_t>(i);
    RandomChoices choices(seed, Purpose::plan, n, samples.progress(i));
    slots.clear();
    const typename F::Rule rule = policy.plan(Shape{static_cast<std::int32_t>(length(n))}, choices, slots);
    const auto size = static_cast<std::int64_t>(slots.size());
    if (filled > 0 && filled + size > limit) {
      run(false);
      filled = 0;
    }
    add(n, slots, rule);
    filled += size;
  }
  if (filled > 0) run(true);
}

}  // namespace ordo
