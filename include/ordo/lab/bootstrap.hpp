#pragma once
// How sure a fit is: the law is fitted again to runs that are drawn from the runs with replacement.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/lab/fit.hpp>
#include <ordo/lab/interval.hpp>
#include <ordo/lab/law.hpp>
#include <ordo/lab/parallel.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

/// What is drawn with replacement.
enum class Resample : std::uint8_t {
  rows,      ///< single runs
  clusters,  ///< all runs of one size and one unique budget together: runs that share what went wrong with them
};

[[nodiscard]] constexpr std::string_view to_string(Resample by) { return by == Resample::rows ? "rows" : "clusters"; }
inline constexpr Resample every_resample[] = {Resample::rows, Resample::clusters};

struct BootstrapOptions {
  int resamples = 1000;
  int starts = 20;  ///< for each resample: the fit to all runs, and random ones
  Resample by = Resample::clusters;
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0: one for each core; they change no number
  std::stop_token stop{};

  void check() const {
    require(resamples > 1, "bootstrap", "there must be two resamples or more (got ", resamples, ")");
    require(starts > 0, "bootstrap", "there must be at least one start (got ", starts, ")");
    require(threads >= 0, "bootstrap", "threads must not be negative (got ", threads, ")");
  }
};

template <ScalingLaw L>
struct Bootstrap {
  Resample by = Resample::clusters;
  std::size_t units = 0;             ///< rows or clusters that were drawn from
  std::vector<LawValues<L>> values;  ///< of each resample
  /// For each parameter and resample: how much higher the resample's minimum is where the parameter is held at the
  /// value fitted to all runs. Its 95 % quantile is what a profile may rise by (Huber sums are no likelihoods, so the
  /// usual cut-offs do not apply). Empty for parameters that were not asked for.
  std::array<std::vector<double>, L::parameters.size()> rises;

  /// The percentile interval of parameter k.
  [[nodiscard]] Interval interval(std::size_t k, double level = 0.95) const {
    std::vector<double> all;
    for (const auto& v : values) all.push_back(v[k]);
    return {quantile(all, (1 - level) / 2), quantile(all, (1 + level) / 2)};
  }
  /// What the profile of parameter k may rise by.
  [[nodiscard]] double cutoff(std::size_t k, double level = 0.95) const { return quantile(rises[k], level); }
};

namespace detail {

/// For each run the number of its unit. Clusters are numbered by size and budget, whatever the order of the runs: two
/// families with the same sizes and budgets are then resampled in pairs by the same seed.
[[nodiscard]] inline std::vector<std::size_t> units_of(std::span<const TrainingRun> runs, Resample by) {
  std::vector<std::size_t> unit;
  std::map<std::pair<double, double>, std::size_t> clusters;
  for (const TrainingRun& run : runs) clusters[{run.parameters, run.unique_tokens}] = 0;
  std::size_t number = 0;
  for (auto& [key, cluster] : clusters) cluster = number++;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    unit.push_back(by == Resample::rows ? i : clusters.at({runs[i].parameters, runs[i].unique_tokens}));
  }
  return unit;
}

}  // namespace detail

/// Fits the law to resamples of the runs. `fitted` is the fit to all of them; parameters that it held fixed stay so.
/// `profiled`: for which parameters to gather what a profile may rise by.
template <ScalingLaw L>
[[nodiscard]] Bootstrap<L> bootstrap(const L& law, std::span<const TrainingRun> runs, const Fit<L>& fitted,
                                     std::span<const std::size_t> profiled = {}, const BootstrapOptions& options = {},
                                     double delta = FitOptions{}.delta) {
  options.check();
  require(!runs.empty(), "bootstrap", "there are no runs");
  const std::vector<std::size_t> unit = detail::units_of(runs, options.by);
  Bootstrap<L> result;
  result.by = options.by;
  result.units = *std::max_element(unit.begin(), unit.end()) + 1;
  require(result.units > 1, "bootstrap", "there must be two ", to_string(options.by), " or more to draw from (got ",
          result.units, ")");
  const auto resamples = static_cast<std::size_t>(options.resamples);
  result.values.resize(resamples);
  for (const std::size_t k : profiled) result.rises[k].resize(resamples);
  const FitObjective<L> all_runs(law, runs, delta);
  detail::in_parallel(resamples, options.threads, options.stop, [&](std::size_t b) {
    Stream draws(options.seed, Purpose::resample, b);
    std::vector<double> times(result.units, 0.0);
    for (std::size_t i = 0; i < result.units; ++i) ++times[draws.below(static_cast<std::uint32_t>(result.units))];
    std::vector<double> weights;
    for (const std::size_t u : unit) weights.push_back(times[u]);
    FitObjective<L> objective = all_runs;
    objective.set_weights(weights);

    LawValues<L> best = fitted.values;
    double least = objective.minimise_from(best, fitted.fixed, Precision::rough);
    for (int s = 1; s < options.starts; ++s) {
      const auto n = b * static_cast<std::size_t>(options.starts) + static_cast<std::size_t>(s);
      LawValues<L> x = detail::random_start<L>(Stream(options.seed, Purpose::fit_start, n, 1));
      const double value = objective.minimise_from(x, fitted.fixed, Precision::rough);
      if (value < least) {
        least = value;
        best = x;
      }
    }
    least = objective.minimise_from(best, fitted.fixed);
    result.values[b] = best;
    for (const std::size_t k : profiled) {
      FixedValues<L> held = fitted.fixed;
      held[k] = fitted.values[k];
      LawValues<L> x = best;
      LawValues<L> y = fitted.values;
      const double rise =
          std::min(objective.minimise_from(x, held), objective.minimise_from(y, held, Precision::rough)) - least;
      result.rises[k][b] = std::max(rise, 0.0);
    }
  });
  return result;
}

/// A resample's minimum may lead to a lower minimum of all runs than the starts of the fit did: that one, with
/// `reached` 0; none where none does.
template <ScalingLaw L>
[[nodiscard]] std::optional<Fit<L>> lower_minimum(const L& law, std::span<const TrainingRun> runs, const Fit<L>& fitted,
                                                  const Bootstrap<L>& resamples, double delta = FitOptions{}.delta) {
  const FitObjective<L> objective(law, runs, delta);
  std::optional<Fit<L>> lower;
  double least = fitted.huber * (1 - 1e-6);
  for (LawValues<L> x : resamples.values) {
    if (!(objective(x) < 1.5 * fitted.huber)) continue;
    const double found = objective.minimise_from(x, fitted.fixed);
    if (!(found < least)) continue;
    lower = Fit<L>{x, found, objective.r_squared(x), fitted.starts, 0, fitted.fixed};
    least = found * (1 - 1e-6);
  }
  return lower;
}

}  // namespace ordo
