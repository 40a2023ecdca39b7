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
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/lab/compared_by.hpp>
#include <ordo/lab/frontier.hpp>
#include <ordo/lab/interval.hpp>
#include <ordo/lab/power_law.hpp>
#include <ordo/lab/run_record.hpp>
#include <ordo/lab/window_split.hpp>

namespace ordo {

/// Of unique tokens in critical compute, as arXiv:2507.15857 fitted it.
inline constexpr double published_critical_exponent = 2.174;

/// The compute from which masked diffusion beats autoregression, as Prabhudesai et al. 2025 (arXiv:2507.15857) fitted
/// it to budgets of 25 to 100 million unique tokens [FLOPs by the 6 N D rule].
[[nodiscard]] inline double published_critical_flops(double unique_tokens) {
  return 2.12 * std::pow(10, 1.956) * std::pow(unique_tokens, published_critical_exponent);
}

struct CriticalComputeOptions {
  std::vector<std::string> base = {"ltr"};           ///< factorizations of the base
  std::vector<std::string> challenger = {"masked"};  ///< of the challenger
  ComparedBy by = ComparedBy::exact;
  bool counted = false;  ///< compute as counted, not by the 6 N D rule
  int resamples = 1000;
  std::uint64_t seed = 0;
  /// Runs of this seed choose the models of a frontier and report nothing; none: all seeds do both.
  std::optional<std::uint64_t> choosing_seed{};
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
  int with_law = 0;          ///< resamples with two crossings or more
  std::size_t settings = 0;  ///< settings that were compared
  std::size_t with_seeds =
      0;  ///< of these, how many have two seeds or more: else no interval holds the luck of training
};

namespace detail {

/// Runs that differ in their seed only: one model of a frontier, with the mean loss of its seeds.
struct FrontierCell {
  RunSettings settings;  ///< seed 0
  bool challenges = false;
  std::vector<const RunRecord*> choosing;
  std::vector<const RunRecord*> reporting;  ///< the same ones, where no seed is kept for choosing
};

/// The mean of value(run) over the runs. With draws: over as many that are drawn with replacement, its distance from
/// the plain mean widened by sqrt(n / (n - 1)), since n draws of n vary less than n new seeds would.
template <class Value>
[[nodiscard]] double mean_of_seeds(std::span<const RunRecord* const> runs, std::span<const std::size_t> drawn,
                                   const Value& value) {
  const auto n = static_cast<double>(runs.size());
  double mean = 0;
  for (const RunRecord* run : runs) mean += value(*run) / n;
  if (drawn.empty() || runs.size() < 2) return mean;
  double again = 0;
  for (const std::size_t i : drawn) again += value(*runs[i]) / n;
  return mean + std::sqrt(n / (n - 1)) * (again - mean);
}

}  // namespace detail

/// Compares two families over the runs of a sweep. A model of a frontier is a setting with the mean loss of its seeds.
/// Even windows choose the models, odd ones report their loss, so that the best of many does not look better than it
/// is; where a seed is kept for choosing, neither does the luck of its training. The same windows score all models, so
/// differences are paired. Each resample draws windows, and for each setting its seeds, with replacement, and goes
/// through all of it again: choice, crossing and line. With few seeds a percentile interval is still somewhat narrow.
/// Throws an Error where a family has no run or is on both sides, where a setting lacks the choosing seed or has no
/// other, and where runs are of different texts or were scored on different windows.
[[nodiscard]] inline CriticalCompute critical_compute(std::span<const RunRecord> runs,
                                                      const CriticalComputeOptions& options = {}) {
  constexpr auto where = "critical_compute";
  require(options.resamples >= 0, where, "resamples must not be negative (got ", options.resamples, ")");
  const auto is_one_of = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : options.base) {
    require(!is_one_of(options.challenger, name), where, name, " is on both sides");
  }
  std::map<double, std::vector<detail::FrontierCell>> budgets;
  std::vector<const RunRecord*> compared;
  std::size_t sides[2] = {0, 0};
  for (const RunRecord& run : runs) {
    const bool challenges = is_one_of(options.challenger, run.settings.factorization);
    if (!challenges && !is_one_of(options.base, run.settings.factorization)) continue;
    compared.push_back(&run);
    ++sides[challenges ? 1 : 0];
    const RunSettings setting = run.settings.without_seed();
    auto& cells = budgets[static_cast<double>(run.settings.unique_tokens)];
    auto found = std::find_if(cells.begin(), cells.end(), [&](const auto& cell) { return cell.settings == setting; });
    if (found == cells.end()) found = cells.insert(cells.end(), {setting, challenges, {}, {}});
    const bool only_chooses = options.choosing_seed && run.settings.seed == *options.choosing_seed;
    if (!options.choosing_seed || only_chooses) found->choosing.push_back(&run);
    if (!only_chooses) found->reporting.push_back(&run);
  }
  for (const auto& [budget, cells] : budgets) {
    for (const detail::FrontierCell& cell : cells) {
      require(!cell.choosing.empty() && !cell.reporting.empty(), where, "a setting of ", cell.settings.factorization,
              " with ", budget, " unique tokens has ", cell.choosing.size(), " runs of the seed that chooses and ",
              cell.reporting.size(), " others; it needs both");
    }
  }
  require(sides[0] > 0 && sides[1] > 0, where, "there are ", sides[0], " runs of the base and ", sides[1],
          " of the challenger; each needs at least one");
  check_comparable(compared);
  for (const RunRecord* run : compared) {
    require(options.by == ComparedBy::exact || counts_all_tokens(run->own, run->window_tokens), where,
            "the own loss of ", run->settings.factorization,
            " does not count all tokens of its windows; compare by the exact loss");
  }
  const std::vector<std::int64_t>& tokens = compared.front()->window_tokens;
  require(tokens.size() >= 4, where, "runs must be scored on four windows or more (got ", tokens.size(), ")");

  const auto flops_of = [&](const RunRecord& run) { return options.counted ? run.flops_counted : run.flops_by_rule; };
  const auto nats_of = [&](const RunRecord& run) -> const std::vector<double>& {
    return options.by == ComparedBy::own ? run.own.nats : run.exact.nats;
  };
  // `draws`: which seeds count; none: each once.
  const auto cross = [&](const std::vector<detail::FrontierCell>& cells, const WindowSplit& windows, Stream* draws,
                         BudgetCrossing& to) {
    std::vector<FrontierRun> models[2];
    double most[2] = {0, 0};
    for (const detail::FrontierCell& cell : cells) {
      const std::size_t side = cell.challenges ? 1 : 0;
      std::vector<std::size_t> drawn;
      for (std::size_t i = 0; draws != nullptr && i < cell.reporting.size(); ++i) {
        drawn.push_back(draws->below(static_cast<std::uint32_t>(cell.reporting.size())));
      }
      const auto loss_on = [&](const std::vector<double>& weights) {
        return [&](const RunRecord& run) { return mean_loss(nats_of(run), tokens, weights); };
      };
      const auto choosing_draw =
          options.choosing_seed ? std::span<const std::size_t>() : std::span(std::as_const(drawn));
      const FrontierRun model{detail::mean_of_seeds(cell.reporting, {}, flops_of),
                              detail::mean_of_seeds(cell.choosing, choosing_draw, loss_on(windows.choose)),
                              detail::mean_of_seeds(cell.reporting, drawn, loss_on(windows.report))};
      most[side] = std::max(most[side], model.flops);
      models[side].push_back(model);
    }
    if (models[0].empty() || models[1].empty()) return false;
    to.base = frontier(std::move(models[0]));
    to.challenger = frontier(std::move(models[1]));
    const double both = std::min(most[0], most[1]);
    if (both < std::max(to.base.front().flops, to.challenger.front().flops)) return false;  // nothing that both spent
    to.crossing = crossing(to.base, to.challenger, both);
    return true;
  };

  CriticalCompute result;
  std::vector<double> unique;
  std::vector<Crossing> crossings;
  std::vector<const std::vector<detail::FrontierCell>*> groups;
  for (const auto& [budget, cells] : budgets) {
    BudgetCrossing one;
    one.unique_tokens = budget;
    if (!cross(cells, WindowSplit::halves(tokens.size()), nullptr, one)) continue;
    for (const detail::FrontierCell& cell : cells) {
      ++result.settings;
      result.with_seeds += cell.reporting.size() > 1 ? 1 : 0;
    }
    unique.push_back(budget);
    crossings.push_back(one.crossing);
    groups.push_back(&cells);
    result.budgets.push_back(std::move(one));
  }
  require(!unique.empty(), where, "no unique budget has runs of both families with compute that both spent");
  result.law = fit_power_law(unique, crossings);
  result.resamples = options.resamples;
  if (options.resamples == 0) return result;

  std::vector<std::vector<double>> where_crossed(unique.size());
  std::vector<double> exponents;
  for (int b = 0; b < options.resamples; ++b) {
    Stream draws(options.seed, Purpose::resample, static_cast<std::uint64_t>(b));
    const WindowSplit windows = WindowSplit::resampled(tokens.size(), draws);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      BudgetCrossing again;
      require(cross(*groups[g], windows, &draws, again), where, "a resample has no compute that both sides spent");
      crossings[g] = again.crossing;
      where_crossed[g].push_back(again.crossing.kind == Crossing::Kind::at ? again.crossing.flops
                                 : again.crossing.kind == Crossing::Kind::above
                                     ? std::numeric_limits<double>::infinity()
                                     : 0);
    }
    if (const auto law = fit_power_law(unique, crossings)) {
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
