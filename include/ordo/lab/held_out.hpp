#pragma once
// Which law predicts best where it was not fitted: to larger models, more passes, or other budgets.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/lab/fit.hpp>
#include <ordo/lab/law.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

/// What the held-out runs have more of than those that the law is fitted to.
enum class Extrapolation : std::uint8_t { size, epochs, budget };

[[nodiscard]] constexpr std::string_view to_string(Extrapolation along) {
  switch (along) {
    case Extrapolation::size: return "size";
    case Extrapolation::epochs: return "epochs";
    case Extrapolation::budget: return "budget";
  }
  return "unknown";
}
inline constexpr Extrapolation every_extrapolation[] = {Extrapolation::size, Extrapolation::epochs,
                                                        Extrapolation::budget};

struct HeldOutError {
  std::size_t fitted = 0;     ///< runs that the law was fitted to
  std::size_t predicted = 0;  ///< runs that were held out
  double limit = 0;           ///< held out is what lies above
  double rms = 0;             ///< root mean square of log(predicted) - log(measured) on the held-out runs
  double bias = 0;            ///< its mean: above 0 the law promises too high a loss
};

/// Fits the law to the runs of up to the `share` quantile along one axis, and predicts the others. Throws an Error
/// where too few runs are left on one side.
template <ScalingLaw L>
[[nodiscard]] HeldOutError held_out_error(const L& law, std::span<const TrainingRun> runs, Extrapolation along,
                                          const FixedValues<L>& fixed = {}, const FitOptions& options = {},
                                          double share = 2.0 / 3) {
  const auto coordinate = [&](const TrainingRun& run) {
    switch (along) {
      case Extrapolation::size: return run.parameters;
      case Extrapolation::epochs: return run.epochs();
      case Extrapolation::budget: return run.unique_tokens;
    }
    return 0.0;
  };
  std::vector<double> sorted;
  for (const TrainingRun& run : runs) sorted.push_back(coordinate(run));
  std::sort(sorted.begin(), sorted.end());
  require(!sorted.empty() && sorted.front() < sorted.back(), "held_out_error", "all runs have the same ",
          to_string(along), ", so none can be held out along it");
  HeldOutError error;
  error.limit = sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  if (error.limit == sorted.back()) {  // the largest value alone is held out
    error.limit = *(std::lower_bound(sorted.begin(), sorted.end(), sorted.back()) - 1);
  }
  std::vector<TrainingRun> low;
  std::vector<TrainingRun> high;
  for (const TrainingRun& run : runs) (coordinate(run) <= error.limit ? low : high).push_back(run);
  const Fit<L> fitted = fit(law, std::span<const TrainingRun>(low), fixed, options);
  double squares = 0;
  for (const TrainingRun& run : high) {
    const double residual = law.log_loss(ScalingPoint::of(run), fitted.values) - std::log(run.loss);
    squares += residual * residual;
    error.bias += residual / static_cast<double>(high.size());
  }
  error.fitted = low.size();
  error.predicted = high.size();
  error.rms = std::sqrt(squares / static_cast<double>(high.size()));
  return error;
}

}  // namespace ordo
