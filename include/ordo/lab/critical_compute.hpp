#pragma once
// From how much compute on does one family of models beat another? For each unique budget the point where their
// frontiers of loss against compute cross, and the power law through these points.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/lab/bootstrap.hpp>
#include <ordo/lab/frontier.hpp>
#include <ordo/lab/power_law.hpp>
#include <ordo/lab/run_record.hpp>

namespace ordo {

/// The compute from which masked diffusion beats autoregression, as Prabhudesai et al. 2025 (arXiv:2507.15857) fitted
/// it to budgets of 25 to 100 million unique tokens [FLOPs by the 6 N D rule].
[[nodiscard]] inline double published_critical_flops(double unique_tokens) {
  return 2.12 * std::pow(10, 1.956) * std::pow(unique_tokens, 2.174);
}

/// By which loss families are compared.
enum class ComparedBy : std::uint8_t {
  own,    ///< each model's own score, a bound for diffusion: a crossing by it comes late
  exact,  ///< left to right for all
};

[[nodiscard]] constexpr std::string_view to_string(ComparedBy by) { return by == ComparedBy::own ? "own" : "exact"; }
inline constexpr ComparedBy every_compared_by[] = {ComparedBy::own, ComparedBy::exact};

struct CriticalComputeOptions {
  std::vector<std::string> base = {"ltr"};           ///< factorizations of the base
  std::vector<std::string> challenger = {"masked"};  ///< of the challenger
  ComparedBy by = ComparedBy::exact;
  bool counted = false;  ///< compute as counted, not by the 6 N D rule
  int resamples = 1000;
  std::uint64_t seed = 0;
};

struct BudgetCrossing {
  double unique_tokens = 0;
  Crossing crossing;
  std::vector<FrontierPoint> base;
  std::vector<FrontierPoint> challenger;
  /// Of the resamples' crossings; an end that is censored in the resample is infinite or 0.
  Interval interval;
};

struct CriticalCompute {
  std::vector<BudgetCrossing> budgets;  ///< rising unique tokens
  std::optional<PowerLaw> law;
  Interval exponent;  ///< of the resamples that have one
  int resamples = 0;
  int with_law = 0;  ///< resamples with two crossings or more
};

namespace detail {

/// Which windows choose, which report, and how often each counts.
struct WindowSplit {
  std::vector<double> choose;
  std::vector<double> report;
};

[[nodiscard]] inline double mean_loss(std::span<const double> nats, std::span<const std::int64_t> tokens,
                                      std::span<const double> weights) {
  double sum = 0;
  double count = 0;
  for (std::size_t w = 0; w < nats.size(); ++w) {
    sum += weights[w] * nats[w];
    count += weights[w] * static_cast<double>(tokens[w]);
  }
  return sum / count;
}

}  // namespace detail

/// Compares two families over the runs of a sweep. Even windows choose each frontier's models, odd ones report their
/// loss, so that the best of many does not look better than it is. The same windows score all models, so differences
/// are paired. Each resample draws windows, and for each setting its seeds, with replacement, and goes through all of
/// it again: choice, crossing and line. Throws an Error where a family has no run, and where runs were scored on
/// different windows.
[[nodiscard]] inline CriticalCompute critical_compute(std::span<const RunRecord> runs,
                                                      const CriticalComputeOptions& options = {}) {
  constexpr auto where = "critical_compute";
  require(!runs.empty(), where, "there are no runs");
  require(options.resamples >= 0, where, "resamples must not be negative (got ", options.resamples, ")");
  const auto is_one_of = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const std::vector<std::int64_t>& tokens = runs.front().window_tokens;
  require(tokens.size() >= 4, where, "runs must be scored on four windows or more (got ", tokens.size(), ")");
  struct Model {
    const RunRecord* run;
    bool challenges;
    std::size_t cell;  ///< of runs that differ in their seed only
  };
  std::map<double, std::vector<Model>> budgets;
  std::vector<std::vector<std::size_t>> cells;
  std::vector<RunSettings> cell_settings;
  std::size_t sides[2] = {0, 0};
  for (const RunRecord& run : runs) {
    const bool base = is_one_of(options.base, run.settings.factorization);
    const bool challenges = is_one_of(options.challenger, run.settings.factorization);
    if (!base && !challenges) continue;
    require(run.window_tokens == tokens && run.settings.validation_text == runs.front().settings.validation_text, where,
            "all runs must be scored on the same windows of the same text");
    RunSettings setting = run.settings;
    setting.seed = 0;
    const auto found = std::find(cell_settings.begin(), cell_settings.end(), setting);
    const auto cell = static_cast<std::size_t>(found - cell_settings.begin());
    if (found == cell_settings.end()) cell_settings.push_back(setting);
    budgets[static_cast<double>(run.settings.unique_tokens)].push_back({&run, challenges, cell});
    ++sides[challenges ? 1 : 0];
  }
  require(sides[0] > 0 && sides[1] > 0, where, "there are ", sides[0], " runs of the base and ", sides[1],
          " of the challenger; each needs at least one");

  const auto flops_of = [&](const RunRecord& run) { return options.counted ? run.flops_counted : run.flops_by_rule; };
  const auto nats_of = [&](const RunRecord& run) -> const std::vector<double>& {
    return options.by == ComparedBy::own ? run.own.nats : run.exact.nats;
  };
  // Which runs count (their seeds' draws) and how often each window does.
  const auto cross = [&](const std::vector<Model>& models, const detail::WindowSplit& windows,
                         const std::vector<char>& counts, BudgetCrossing* keep) -> std::optional<Crossing> {
    std::vector<FrontierRun> sides_runs[2];
    double most = 0;
    for (std::size_t m = 0; m < models.size(); ++m) {
      const RunRecord& run = *models[m].run;
      most = std::max(most, flops_of(run));
      if (!counts.empty() && counts[m] == 0) continue;
      sides_runs[models[m].challenges ? 1 : 0].push_back({flops_of(run),
                                                          detail::mean_loss(nats_of(run), tokens, windows.choose),
                                                          detail::mean_loss(nats_of(run), tokens, windows.report)});
    }
    if (sides_runs[0].empty() || sides_runs[1].empty()) return std::nullopt;
    const auto base = frontier(std::move(sides_runs[0]));
    const auto challenger = frontier(std::move(sides_runs[1]));
    const Crossing found = crossing(base, challenger, most);
    if (keep != nullptr) {
      keep->base = base;
      keep->challenger = challenger;
    }
    return found;
  };

  detail::WindowSplit all{std::vector<double>(tokens.size(), 0.0), std::vector<double>(tokens.size(), 0.0)};
  for (std::size_t w = 0; w < tokens.size(); ++w) (w % 2 == 0 ? all.choose : all.report)[w] = 1;
  CriticalCompute result;
  std::vector<double> unique;
  std::vector<Crossing> crossings;
  std::vector<const std::vector<Model>*> groups;
  for (const auto& [budget, models] : budgets) {
    BudgetCrossing one;
    one.unique_tokens = budget;
    const auto found = cross(models, all, {}, &one);
    if (!found) continue;  // one family has no run at this budget
    one.crossing = *found;
    result.budgets.push_back(std::move(one));
    unique.push_back(budget);
    crossings.push_back(*found);
    groups.push_back(&models);
  }
  require(!unique.empty(), where, "no unique budget has runs of both families");
  result.law = fit_power_law(unique, crossings);
  result.resamples = options.resamples;
  if (options.resamples == 0) return result;

  std::vector<std::vector<double>> where_crossed(unique.size());
  std::vector<double> exponents;
  for (int b = 0; b < options.resamples; ++b) {
    Stream draws(options.seed, Purpose::resample, static_cast<std::uint64_t>(b));
    detail::WindowSplit windows{std::vector<double>(tokens.size(), 0.0), std::vector<double>(tokens.size(), 0.0)};
    for (std::size_t half : {0U, 1U}) {  // within each half, so that no window both chooses and reports
      const std::size_t size = (tokens.size() + 1 - half) / 2;
      for (std::size_t i = 0; i < size; ++i) {
        const std::size_t w = 2 * draws.below(static_cast<std::uint32_t>(size)) + half;
        ++(half == 0 ? windows.choose : windows.report)[w];
      }
    }
    std::vector<Crossing> again;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const std::vector<Model>& models = *groups[g];
      std::map<std::size_t, std::vector<std::size_t>> by_cell;
      for (std::size_t m = 0; m < models.size(); ++m) by_cell[models[m].cell].push_back(m);
      std::vector<char> counts(models.size(), 0);
      for (const auto& [cell, members] : by_cell) {
        for (std::size_t i = 0; i < members.size(); ++i) {
          counts[members[draws.below(static_cast<std::uint32_t>(members.size()))]] = 1;
        }
      }
      const Crossing found = cross(models, windows, counts, nullptr).value_or(crossings[g]);
      again.push_back(found);
      where_crossed[g].push_back(found.kind == Crossing::Kind::at      ? found.flops
                                 : found.kind == Crossing::Kind::above ? std::numeric_limits<double>::infinity()
                                                                       : 0);
    }
    if (const auto law = fit_power_law(unique, again)) {
      exponents.push_back(law->exponent);
      ++result.with_law;
    }
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    std::vector<double>& found = where_crossed[g];
    std::sort(found.begin(), found.end());
    const auto at = [&](double q) {  // no mean of a finite and an infinite end
      return found[static_cast<std::size_t>(std::llround(q * static_cast<double>(found.size() - 1)))];
    };
    result.budgets[g].interval = {at(0.025), at(0.975)};
  }
  if (!exponents.empty()) result.exponent = {quantile(exponents, 0.025), quantile(exponents, 0.975)};
  return result;
}

}  // namespace ordo
