#pragma once
// Law 2: the weights on each scored token average to 1 over draws; a given token is no target.

#include <cstddef>
#include <vector>

#include <laws/draws.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

/// Weights are stored in single precision: 6e-8 relative, each.
inline constexpr double weight_tolerance = 1e-6;

template <class F>
Report coverage(const F& policy, Shape shape) {
  Report report;
  if (policy.claim() == Claim::training_only) return report;
  const auto length = static_cast<std::size_t>(shape.length);
  const Known given = given_tokens(policy, shape);
  std::vector<double> average(length, 0.0);
  for (const auto& draw : draws_of(policy, shape)) {
    for (const Slot& s : draw.slots) {
      if (!s.predicts()) continue;
      const auto target = static_cast<std::size_t>(s.target);
      if (target >= length) {
        report.fault("token ", s.target, " is predicted, of ", length);
      } else if (given[target] != 0) {
        report.fault("token ", s.target, " is given, but predicted with weight ", s.weight);
      } else {
        average[target] += draw.probability * static_cast<double>(s.weight);
      }
    }
  }
  for (std::size_t i = 0; i < length; ++i) {
    if (given[i] == 0) report.expect_near(average[i], 1, weight_tolerance, "mean weight on token ", i);
  }
  return report;
}

}  // namespace ordo::laws
