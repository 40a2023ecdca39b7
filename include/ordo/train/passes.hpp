#pragma once
// How a batch becomes passes: plans are drawn one after the other, and packed until a pass is full.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/train/options.hpp>

namespace ordo {

/// Slots in one pass. Where the user does not say, on the host: as many as keep a layer's activations in a few MiB of
/// cache, but enough rows for the matrix products. On a device: enough to fill any.
template <Backend B>
[[nodiscard]] std::int64_t micro_slots(const TrainOptions& options, const ModelConfig& config) {
  if (options.micro_slots > 0) return options.micro_slots;
  if (!B::on_host) return 65536;
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

/// The passes of a batch, one after the other: each takes plans until the next would bring it above `limit` slots, and
/// at least one. `length(n)` is sample n's number of tokens. One plan is held at a time, and each is a function of
/// (seed, n) alone, however the passes are cut.
template <Factorization F>
class Passes {
 public:
  using Rule = typename F::Rule;

  /// The policy must outlive this.
  Passes(const F& policy, std::uint64_t seed, const SampleRange& samples, std::int64_t limit)
      : policy_(policy), seed_(seed), samples_(samples), limit_(limit), next_(samples.first) {}

  Passes(const F&&, std::uint64_t, const SampleRange&, std::int64_t) = delete;

  /// Whether no sample is left for another pass.
  [[nodiscard]] bool done() const { return next_ == samples_.last && !rule_; }

  /// Draws the plans of the next pass and calls `add(n, slots, rule)` for each.
  template <class Length, class Add>
  void draw(const Length& length, const Add& add) {
    std::int64_t filled = 0;
    while (!done()) {
      if (!rule_) draw_plan(length);
      const auto size = static_cast<std::int64_t>(slots_.size());
      if (filled > 0 && filled + size > limit_) return;
      add(static_cast<std::uint64_t>(next_ - 1), std::as_const(slots_), std::as_const(*rule_));
      rule_.reset();
      filled += size;
    }
  }

 private:
  template <class Length>
  void draw_plan(const Length& length) {
    const auto n = static_cast<std::uint64_t>(next_);
    RandomChoices choices(seed_, Purpose::plan, n, samples_.progress(next_));
    slots_.clear();
    rule_.emplace(policy_.plan(Shape{static_cast<std::int32_t>(length(n))}, choices, slots_));
    ++next_;
  }

  const F& policy_;
  std::uint64_t seed_;
  SampleRange samples_;
  std::int64_t limit_;
  std::int64_t next_;
  std::vector<Slot> slots_;   // of sample next_ - 1
  std::optional<Rule> rule_;  // there while that sample waits for a pass
};

/// All passes of a batch: `add(n, slots, rule)` for each plan of a pass, then `run(last)`.
template <Factorization F, class Length, class Add, class Run>
void for_each_pass(const F& policy, std::uint64_t seed, const SampleRange& samples, std::int64_t limit,
                   const Length& length, const Add& add, const Run& run) {
  Passes<F> passes(policy, seed, samples, limit);
  while (!passes.done()) {
    passes.draw(length, add);
    run(passes.done());
  }
}

}  // namespace ordo
