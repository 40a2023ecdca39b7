#pragma once
// The best loss that compute buys, and where one family's falls below another's.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include <ordo/core/error.hpp>

namespace ordo {

/// The best loss that compute buys: from `flops` on this model is the best so far.
struct FrontierPoint {
  double flops = 0;
  double loss = 0;  ///< [nats/token], on windows that did not choose it
};

/// One model as the frontier sees it.
struct FrontierRun {
  double flops = 0;
  double chosen_by = 0;  ///< loss on the windows that choose
  double reported = 0;   ///< loss on the others
};

[[nodiscard]] inline std::vector<FrontierPoint> frontier(std::vector<FrontierRun> runs) {
  std::sort(runs.begin(), runs.end(), [](const FrontierRun& a, const FrontierRun& b) {
    return std::tie(a.flops, a.chosen_by) < std::tie(b.flops, b.chosen_by);
  });
  std::vector<FrontierPoint> points;
  double best = std::numeric_limits<double>::infinity();
  for (const FrontierRun& run : runs) {
    if (!(run.chosen_by < best)) continue;
    best = run.chosen_by;
    points.push_back({run.flops, run.reported});
  }
  return points;
}

/// The frontier's loss at this compute: a straight line in log compute between its points, level after the last.
[[nodiscard]] inline double loss_at(std::span<const FrontierPoint> points, double flops) {
  if (flops <= points.front().flops) return points.front().loss;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (flops > points[i].flops) continue;
    const double share = std::log(flops / points[i - 1].flops) / std::log(points[i].flops / points[i - 1].flops);
    return points[i - 1].loss + share * (points[i].loss - points[i - 1].loss);
  }
  return points.back().loss;
}

/// Where the challenger falls below the base for good.
struct Crossing {
  enum class Kind : std::uint8_t {
    at,     ///< at `flops`
    above,  ///< not up to `flops`, the most that both spent: censored, not absent
    below,  ///< at `flops`, the least that both spent, already
  };
  Kind kind = Kind::above;
  double flops = 0;
};

/// `most`: the most compute that was spent on both sides. Beyond it one of them is not known.
[[nodiscard]] inline Crossing crossing(std::span<const FrontierPoint> base, std::span<const FrontierPoint> challenger,
                                       double most) {
  require(!base.empty() && !challenger.empty(), "crossing", "each side needs a model");
  const double least = std::max(base.front().flops, challenger.front().flops);
  std::vector<double> at = {least, std::max(least, most)};
  for (const auto* side : {&base, &challenger}) {
    for (const FrontierPoint& p : *side) {
      if (p.flops > least && p.flops < most) at.push_back(p.flops);
    }
  }
  std::sort(at.begin(), at.end());
  const auto gap = [&](double flops) { return loss_at(challenger, flops) - loss_at(base, flops); };
  double above = at.back();
  double gap_above = gap(above);
  if (!(gap_above < 0)) return {Crossing::Kind::above, above};
  for (std::size_t i = at.size() - 1; i-- > 0;) {
    const double here = gap(at[i]);
    if (!(here < 0)) {  // between here and above; both sides are straight lines in log compute
      const double share = here / (here - gap_above);
      return {Crossing::Kind::at, at[i] * std::pow(above / at[i], share)};
    }
    above = at[i];
    gap_above = here;
  }
  return {Crossing::Kind::below, least};
}

}  // namespace ordo
