#pragma once
// Fitting a scaling law to runs: a robust sum of residuals, minimised from many starts.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/lab/dual.hpp>
#include <ordo/lab/law.hpp>
#include <ordo/lab/minimise.hpp>
#include <ordo/lab/parallel.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

/// Huber's loss of a residual: quadratic up to delta, then linear (Huber 1964).
[[nodiscard]] constexpr double huber(double residual, double delta) {
  const double size = residual < 0 ? -residual : residual;
  return size <= delta ? 0.5 * residual * residual : delta * (size - 0.5 * delta);
}

/// Values of parameters that are held fixed; the others are fitted.
template <ScalingLaw L>
using FixedValues = std::array<std::optional<double>, L::parameters.size()>;

struct FitOptions {
  int starts = 1000;       ///< random starts
  double delta = 1e-3;     ///< of the Huber loss of log-loss residuals
  std::uint64_t seed = 0;  ///< of the starts
  int threads = 0;         ///< 0: one for each core; they change no number
  std::stop_token stop{};

  void check() const {
    require(starts > 0, "fit", "there must be at least one start (got ", starts, ")");
    require(std::isfinite(delta) && delta >= 1e-9, "fit", "the Huber delta must be a number from 1e-9 (got ", delta,
            ")");
    require(threads >= 0, "fit", "threads must not be negative (got ", threads, ")");
  }
};

template <ScalingLaw L>
struct Fit {
  LawValues<L> values{};
  double huber = 0;      ///< sum over runs of the Huber loss of log(predicted) - log(measured)
  double r_squared = 0;  ///< of the losses: 1 - squared residuals / squared deviations from their mean; NaN: all alike
  int starts = 0;
  int reached = 0;  ///< starts that ended within a millionth of `huber` (relative)
  FixedValues<L> fixed{};
};

/// The sum of Huber losses as a function of the parameters that are not fixed.
template <ScalingLaw L>
class FitObjective {
 public:
  static constexpr std::size_t count = L::parameters.size();

  FitObjective(const L& law, std::span<const TrainingRun> runs, double delta) : law_(law), delta_(delta) {
    for (const TrainingRun& run : runs) {
      points_.push_back(ScalingPoint::of(run));
      log_losses_.push_back(std::log(run.loss));
    }
    weights_.assign(runs.size(), 1.0);
  }

  /// How often each run counts; runs of weight 0 take no time.
  void set_weights(std::span<const double> weights) { weights_.assign(weights.begin(), weights.end()); }

  [[nodiscard]] double operator()(const LawValues<L>& x) const {
    double sum = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (weights_[i] != 0) sum += weights_[i] * huber(law_.log_loss(points_[i], x) - log_losses_[i], delta_);
    }
    return sum;
  }
  [[nodiscard]] double operator()(const LawValues<L>& x, LawValues<L>& gradient) const {
    std::array<Dual<count>, count> variables;
    for (std::size_t k = 0; k < count; ++k) variables[k] = Dual<count>::variable(x[k], k);
    double sum = 0;
    gradient.fill(0);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (weights_[i] == 0) continue;
      const Dual<count> predicted = law_.log_loss(points_[i], variables);
      const double residual = predicted.value - log_losses_[i];
      sum += weights_[i] * huber(residual, delta_);
      const double slope = weights_[i] * std::clamp(residual, -delta_, delta_);
      for (std::size_t k = 0; k < count; ++k) gradient[k] += slope * predicted.slope[k];
    }
    return sum;
  }
  [[nodiscard]] double r_squared(const LawValues<L>& x) const {
    double mean = 0;
    for (const double l : log_losses_) mean += std::exp(l) / static_cast<double>(log_losses_.size());
    double left = 0;
    double all = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const double loss = std::exp(log_losses_[i]);
      const double residual = std::exp(law_.log_loss(points_[i], x)) - loss;
      left += residual * residual;
      all += (loss - mean) * (loss - mean);
    }
    return all > 0 ? 1 - left / all : std::numeric_limits<double>::quiet_NaN();
  }

  /// The local minimum that is reached from `x`, which is moved there; fixed parameters stay.
  double minimise_from(LawValues<L>& x, const FixedValues<L>& fixed, Precision precision = Precision::full) const {
    std::array<std::size_t, count> open{};  // numbers of the parameters that move
    std::array<double, count> low{};
    std::array<double, count> high{};
    std::array<double, count> at{};
    std::size_t n = 0;
    for (std::size_t k = 0; k < count; ++k) {
      if (fixed[k]) {
        x[k] = *fixed[k];
        continue;
      }
      open[n] = k;
      low[n] = L::parameters[k].lowest;
      high[n] = L::parameters[k].highest;
      at[n] = std::clamp(x[k], low[n], high[n]);
      ++n;
    }
    if (n == 0) return (*this)(x);
    // In units of delta the sum is of the order of the number of runs, which suits the minimiser's tolerances.
    const double unit = 1 / (delta_ * delta_);
    const auto function = [&](std::span<const double> point, std::span<double> gradient) {
      LawValues<L> full = x;
      LawValues<L> slope{};
      for (std::size_t i = 0; i < n; ++i) full[open[i]] = point[i];
      const double value = (*this)(full, slope);
      for (std::size_t i = 0; i < n; ++i) gradient[i] = slope[open[i]] * unit;
      return value * unit;
    };
    const double least =
        minimise(function, std::span(at.data(), n), std::span(low.data(), n), std::span(high.data(), n), precision);
    for (std::size_t i = 0; i < n; ++i) x[open[i]] = at[i];
    return least / unit;
  }

 private:
  L law_;
  double delta_;
  std::vector<ScalingPoint> points_;
  std::vector<double> log_losses_;
  std::vector<double> weights_;
};

namespace detail {

/// Random start number n.
template <ScalingLaw L>
[[nodiscard]] LawValues<L> random_start(Stream stream) {
  LawValues<L> x{};
  for (std::size_t k = 0; k < x.size(); ++k) {
    const LawParameter& p = L::parameters[k];
    const double u = stream.unit();
    x[k] = p.start_by_ratio ? p.start_from * std::pow(p.start_to / p.start_from, u)
                            : p.start_from + u * (p.start_to - p.start_from);
  }
  return x;
}

/// Throws where the runs cannot tell the parameters that are to be fitted.
template <ScalingLaw L>
void check_runs(std::span<const TrainingRun> runs, const FixedValues<L>& fixed) {
  const auto open = static_cast<std::size_t>(std::count(fixed.begin(), fixed.end(), std::nullopt));
  require(runs.size() > open, "fit", "there are ", runs.size(), " runs for ", open,
          " parameters; fit more runs, or hold parameters fixed");
  const auto distinct = [&](auto value) {
    std::vector<double> all;
    for (const TrainingRun& run : runs) all.push_back(value(run));
    std::sort(all.begin(), all.end());
    return std::unique(all.begin(), all.end()) - all.begin();
  };
  const auto needs = [&](std::string_view parameter, std::string_view what, std::ptrdiff_t found) {
    for (std::size_t k = 0; k < fixed.size(); ++k) {
      require(L::parameters[k].name != parameter || fixed[k] || found > 1, "fit", "all runs have the same ", what,
              ", so '", parameter, "' cannot be fitted; add runs, or hold it fixed");
    }
  };
  const auto sizes = distinct([](const TrainingRun& run) { return run.parameters; });
  const auto tokens = distinct([](const TrainingRun& run) { return run.tokens; });
  const auto epochs = distinct([](const TrainingRun& run) { return run.epochs(); });
  needs("alpha", "number of parameters", sizes);
  needs("alpha=beta", "number of parameters", sizes);
  needs("1/R_N", "number of parameters", sizes);
  needs("beta", "number of tokens", tokens);
  needs("1/R_D", "number of epochs", epochs);
}

}  // namespace detail

/// Fits `law` to the runs. Of all starts the lowest minimum is taken; the same options give the same fit on any number
/// of threads. Throws an Error where the runs cannot tell the parameters.
template <ScalingLaw L>
[[nodiscard]] Fit<L> fit(const L& law, std::span<const TrainingRun> runs, const FixedValues<L>& fixed = {},
                         const FitOptions& options = {}) {
  options.check();
  for (std::size_t k = 0; k < fixed.size(); ++k) {
    const LawParameter& p = L::parameters[k];
    require(!fixed[k] || (*fixed[k] >= p.lowest && *fixed[k] <= p.highest), "fit", "'", p.name, "' must be in [",
            p.lowest, ", ", p.highest, "] (got ", fixed[k].value_or(0), ")");
  }
  detail::check_runs<L>(runs, fixed);
  const FitObjective<L> objective(law, runs, options.delta);
  const auto starts = static_cast<std::size_t>(options.starts);
  std::vector<LawValues<L>> ends(starts);
  std::vector<double> values(starts, std::numeric_limits<double>::infinity());
  detail::in_parallel(starts, options.threads, options.stop, [&](std::size_t i) {
    ends[i] = detail::random_start<L>(Stream(options.seed, Purpose::fit_start, i));
    values[i] = objective.minimise_from(ends[i], fixed, Precision::rough);
  });
  const double near = *std::min_element(values.begin(), values.end()) * 1.01;
  detail::in_parallel(starts, options.threads, options.stop, [&](std::size_t i) {
    if (values[i] <= near) values[i] = objective.minimise_from(ends[i], fixed);
  });
  const std::size_t best = static_cast<std::size_t>(std::min_element(values.begin(), values.end()) - values.begin());
  require(std::isfinite(values[best]), "fit", "no start of ", options.starts, " led to a finite sum of residuals");
  Fit<L> result{ends[best], values[best], objective.r_squared(ends[best]), options.starts, 0, fixed};
  for (const double v : values) result.reached += v <= values[best] * (1 + 1e-6) ? 1 : 0;
  return result;
}

}  // namespace ordo
