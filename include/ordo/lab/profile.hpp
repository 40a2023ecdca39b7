#pragma once
// The profile of a parameter: how well the law still fits where the parameter is held at other values.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <ordo/lab/bootstrap.hpp>
#include <ordo/lab/fit.hpp>
#include <ordo/lab/law.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

struct ProfilePoint {
  double value = 0;  ///< of the parameter, as it is fitted
  double huber = 0;  ///< the least sum over all other parameters
};

struct Profile {
  std::vector<ProfilePoint> points;  ///< rising values
  std::optional<double> low;         ///< where it rises by the cut-off; none: not within the parameter's bounds
  std::optional<double> high;

  /// The runs bound the parameter on both sides.
  [[nodiscard]] bool identified() const { return low.has_value() && high.has_value(); }
};

namespace detail {

/// The profile's next value, `step` steps away from the fitted one.
[[nodiscard]] inline double profile_value(const LawParameter& p, double fitted, int step) {
  double value = 0;
  if (p.shown == Shown::reciprocal) {  // by ratio, from a small number where the fit is at 0
    value = (step < 0 ? fitted : std::max(fitted, 1e-4)) * std::pow(1.35, step);
    if (step < 0 && value < 1e-5) value = 0;
  } else {
    value = fitted + step * std::max(std::abs(fitted), 0.1) * 0.02 * std::pow(1.08, std::abs(step));
  }
  return std::clamp(value, p.lowest, p.highest);
}

}  // namespace detail

/// Holds parameter k at values on both sides of its fit, until the sum of residuals has risen by more than `cutoff` or
/// a bound is reached, and finds where it has risen by just that.
template <ScalingLaw L>
[[nodiscard]] Profile profile(const L& law, std::span<const TrainingRun> runs, const Fit<L>& fitted, std::size_t k,
                              double cutoff, double delta = FitOptions{}.delta) {
  const FitObjective<L> objective(law, runs, delta);
  const LawParameter& parameter = L::parameters[k];
  const double target = fitted.huber + cutoff;
  Profile result;
  result.points.push_back({fitted.values[k], fitted.huber});
  for (const int direction : {-1, 1}) {
    LawValues<L> near = fitted.values;  // where the last value's minimum was
    // From where the neighbour ended, and from where the fit did.
    const auto held_at = [&](double value) {
      FixedValues<L> held = fitted.fixed;
      held[k] = value;
      LawValues<L> far = fitted.values;
      const double a = objective.minimise_from(near, held);
      const double b = objective.minimise_from(far, held);
      if (b < a) near = far;
      result.points.push_back({value, std::min(a, b)});
      return std::min(a, b);
    };
    std::optional<double>& end = direction < 0 ? result.low : result.high;
    double inside = fitted.values[k];
    for (int step = 1; step <= 60 && !end; ++step) {
      const double value = detail::profile_value(parameter, fitted.values[k], direction * step);
      if (value == inside) break;  // a bound
      if (held_at(value) <= target) {
        inside = value;
        continue;
      }
      double outside = value;
      for (int halving = 0; halving < 12; ++halving) {
        const double middle = (inside + outside) / 2;
        (held_at(middle) <= target ? inside : outside) = middle;
      }
      end = (inside + outside) / 2;
    }
    if (!end) continue;
    near = fitted.values;
    for (const double share : {0.25, 0.5, 0.75, 1.25, 1.5}) {  // for the picture
      const double value = fitted.values[k] + share * (*end - fitted.values[k]);
      held_at(std::clamp(value, parameter.lowest, parameter.highest));
    }
  }
  std::sort(result.points.begin(), result.points.end(),
            [](const ProfilePoint& a, const ProfilePoint& b) { return a.value < b.value; });
  return result;
}

}  // namespace ordo
