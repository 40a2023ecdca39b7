#pragma once
// The learning rate over a run: linear warm-up, then a cosine to a share of the peak.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <ordo/train/options.hpp>

namespace ordo {

/// The rate of step `step` (from 0) of `steps` (Loshchilov and Hutter 2016, arXiv:1608.03983, one period).
[[nodiscard]] inline double learning_rate(const TrainOptions& options, std::int64_t step, std::int64_t steps) {
  const double warm = std::ceil(options.warmup * static_cast<double>(steps));
  const auto at = static_cast<double>(step);
  if (at < warm) return options.learning_rate * (at + 1) / warm;
  const double span = std::max(1.0, static_cast<double>(steps) - 1 - warm);
  const double share = std::min(1.0, (at - warm) / span);
  const double low = options.learning_rate * options.final_rate;
  return low + (options.learning_rate - low) * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace ordo
