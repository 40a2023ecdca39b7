#pragma once
// Counting the arithmetic of training: by the usual rule, and exactly.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/concepts/factorization.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// What one sequence's plan makes the network do, on average over draws.
struct PlanWork {
  double slots = 0;
  double predicting = 0;
  double pairs = 0;         ///< (query, key) pairs that see each other
  double asking_pairs = 0;  ///< of the slots that predict: what the last layer needs
};

/// The mean over the first `samples` draws.
template <Factorization F>
[[nodiscard]] PlanWork plan_work(const F& policy, Shape shape, int samples = 32) {
  PlanWork work;
  std::vector<Slot> slots;
  for (int n = 0; n < samples; ++n) {
    // Progress runs through its range, so that a curriculum counts as its mean over the run.
    const double progress = samples > 1 ? static_cast<double>(n) / (samples - 1) : 1;
    RandomChoices choices(0, Purpose::plan, static_cast<std::uint64_t>(n), progress);
    slots.clear();
    const auto rule = policy.plan(shape, choices, slots);
    const auto count = static_cast<std::int32_t>(slots.size());
    for (std::int32_t q = 0; q < count; ++q) {
      double seen = 0;
      for (std::int32_t k = 0; k < count; ++k) seen += rule.sees(q, k) ? 1 : 0;
      const bool predicts = slots[static_cast<std::size_t>(q)].predicts();
      work.slots += 1.0 / samples;
      work.predicting += predicts ? 1.0 / samples : 0;
      work.pairs += seen / samples;
      work.asking_pairs += predicts ? seen / samples : 0;
    }
  }
  return work;
}

/// Floating-point operations of training on one sequence, counted: products with weights at the slots where they run,
/// three times (forward, gradient of the input and of the weights), and attention at the visible pairs, 3.5 times (the
/// backward pass does five products where the forward does two). The last layer needs keys and values of all slots, the
/// rest of it and the head only those that predict.
[[nodiscard]] inline double training_flops(const ModelConfig& c, const PlanWork& work) {
  const double width = c.width;
  const double body = 2 * width * (4 * width + 3 * c.feed_forward());  // of one slot in one layer
  const double keys_values = 2 * width * 2 * width;
  const double all =
      work.slots * body * (c.layers - 1) + work.predicting * (body - keys_values) + work.slots * keys_values;
  const double head = work.predicting * 2 * width * c.vocab;
  const double attention = 4 * width * (work.pairs * (c.layers - 1) + work.asking_pairs);
  return 3 * (all + head) + 3.5 * attention;
}

/// The same of one token of windows of the full context. Times the tokens a second, as a share of the rate of a
/// device's products, this is model FLOPs utilisation (Chowdhery et al. 2022, "PaLM: Scaling Language Modeling with
/// Pathways", arXiv:2204.02311, where the rate is the maker's peak): activations that are worked out again do not
/// count.
template <Factorization F>
[[nodiscard]] double training_flops_per_token(const ModelConfig& config, const F& policy) {
  return training_flops(config, plan_work(policy, Shape{config.context})) / config.context;
}

/// The rule that papers count by: 6 N D, with N parameters (embeddings included) and D tokens seen.
[[nodiscard]] constexpr double flops_by_rule(double parameters, double tokens) { return 6 * parameters * tokens; }

}  // namespace ordo
