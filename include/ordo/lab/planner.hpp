#pragma once
// Which family, what size and how many passes, for so many unique tokens and so much compute: from fitted laws.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/lab/bootstrap.hpp>
#include <ordo/lab/fit.hpp>
#include <ordo/lab/flops.hpp>
#include <ordo/lab/interval.hpp>
#include <ordo/lab/law.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

/// From the smallest to the largest of what was tried.
struct TriedRange {
  double low = 0;
  double high = 0;

  void add(double x) {
    low = low == 0 ? x : std::min(low, x);
    high = std::max(high, x);
  }
  /// By which factor x lies outside; 1 inside.
  [[nodiscard]] double beyond(double x) const { return std::max({1.0, x / high, low / x}); }
};

/// A law fitted to the runs of one family, with its resamples.
template <ScalingLaw L>
struct FamilyLaw {
  std::string name;
  L law{};
  Fit<L> fit;
  Bootstrap<L> resamples;
  std::size_t runs = 0;
  TriedRange parameters;
  TriedRange flops;
  TriedRange unique_tokens;
  TriedRange epochs;
};

/// Fits `law` to a family's runs. Throws an Error that names the family where they cannot tell the law's parameters.
template <ScalingLaw L>
[[nodiscard]] FamilyLaw<L> fit_family(const std::string& name, const L& law, std::span<const TrainingRun> runs,
                                      const FitOptions& options = {}, const BootstrapOptions& bootstraps = {}) {
  FamilyLaw<L> family{name, law, {}, {}, runs.size(), {}, {}, {}, {}};
  options.check();
  bootstraps.check();
  try {
    family.fit = fit(law, runs, {}, options);
    family.resamples = bootstrap(law, runs, family.fit, {}, bootstraps, options.delta);
    if (const auto lower = lower_minimum(law, runs, family.fit, family.resamples, options.delta)) {
      family.fit = *lower;
      family.resamples = bootstrap(law, runs, family.fit, {}, bootstraps, options.delta);
    }
  } catch (const Stopped&) {
    throw;
  } catch (const Error& error) {
    fail("plan", "the runs of ", name, " tell no law: ", error.what());
  }
  for (const TrainingRun& run : runs) {
    family.parameters.add(run.parameters);
    family.flops.add(flops_by_rule(run.parameters, run.tokens));
    family.unique_tokens.add(run.unique_tokens);
    family.epochs.add(run.epochs());
  }
  return family;
}

/// The best use of a budget under a law.
struct BudgetUse {
  double parameters = 0;
  double epochs = 0;     ///< below 1: not all unique tokens are seen
  double loss = 0;       ///< [nats/token]
  bool at_edge = false;  ///< the best size is the smallest or largest that was looked at
};

/// Minimises the law's loss over the number of parameters within `sizes`, D = C / (6 N).
template <ScalingLaw L>
[[nodiscard]] BudgetUse best_use(const L& law, const LawValues<L>& x, double unique_tokens, double flops,
                                 const TriedRange& sizes) {
  const auto at = [&](double log_parameters) {
    const double parameters = std::exp(log_parameters);
    const double tokens = flops / (6 * parameters);
    return law.log_loss(ScalingPoint::of(parameters, tokens, std::min(unique_tokens, tokens)), x);
  };
  constexpr int cells = 200;
  const double low = std::log(sizes.low);
  const double step = (std::log(sizes.high) - low) / cells;
  int best = 0;
  for (int i = 1; i <= cells; ++i) {
    if (at(low + i * step) < at(low + best * step)) best = i;
  }
  double a = low + std::max(0, best - 1) * step;
  double b = low + std::min(cells, best + 1) * step;
  for (int i = 0; i < 40; ++i) {  // golden section
    constexpr double share = 0.6180339887498949;
    const double c = b - share * (b - a);
    const double d = a + share * (b - a);
    if (at(c) < at(d)) {
      b = d;
    } else {
      a = c;
    }
  }
  const double where = best == 0 ? low : best == cells ? low + cells * step : (a + b) / 2;
  const double parameters = std::exp(where);
  return {parameters, flops / (6 * parameters) / unique_tokens, std::exp(at(where)), best == 0 || best == cells};
}

/// The sizes whose loss is within `nats` of the best use of the budget.
template <ScalingLaw L>
[[nodiscard]] TriedRange sizes_within(const L& law, const LawValues<L>& x, double unique_tokens, double flops,
                                      const TriedRange& sizes, double nats) {
  const double limit = best_use(law, x, unique_tokens, flops, sizes).loss + nats;
  TriedRange range;
  for (int i = 0; i <= 200; ++i) {
    const double parameters = sizes.low * std::pow(sizes.high / sizes.low, i / 200.0);
    const double tokens = flops / (6 * parameters);
    const double loss =
        std::exp(law.log_loss(ScalingPoint::of(parameters, tokens, std::min(unique_tokens, tokens)), x));
    if (loss <= limit) range.add(parameters);
  }
  return range;
}

/// The least compute that reaches `loss` with these unique tokens, up to a million times `from`; none: not by then.
template <ScalingLaw L>
[[nodiscard]] std::optional<double> flops_to_reach(const L& law, const LawValues<L>& x, double unique_tokens,
                                                   double loss, double from, const TriedRange& sizes) {
  const auto reaches = [&](double flops) { return best_use(law, x, unique_tokens, flops, sizes).loss <= loss; };
  double low = std::log(from) - std::log(1e6);
  double high = std::log(from) + std::log(1e6);
  if (!reaches(std::exp(high))) return std::nullopt;
  if (reaches(std::exp(low))) return std::exp(low);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (reaches(std::exp(middle)) ? high : low) = middle;
  }
  return std::exp(high);
}

/// What a family comes to, with 95 % intervals over its resamples.
struct FamilyPlan {
  std::string name;
  BudgetUse use;
  Interval parameters;
  Interval epochs;
  Interval loss;
  TriedRange
      near_best;  ///< sizes within 0.005 nats/token of the best: a wide range says that there is compute to spare
  double beyond_flops = 1;  ///< by which factor the question lies outside of what was tried
  double beyond_unique = 1;
  double beyond_parameters = 1;  ///< the plan's size
  double beyond_epochs = 1;      ///< the plan's epochs
};

struct BudgetPlan {
  std::vector<FamilyPlan> families;  ///< lowest loss first
  std::size_t rival = 1;             ///< of the others, the one whose loss may lie lowest against the first's
  /// Of the rival's loss minus the first's, resample by resample: the better family is known where it lies above 0.
  Interval gap;
  bool known = false;
  /// Compute that the rival would need for the first's loss, as a multiple of what there is; infinite where it does not
  /// get there within a million times that and four times the sizes that were tried. Of the fits, and over the
  /// resamples.
  double saving = 0;
  Interval saving_interval;
};

/// Plans a budget of `flops` (6 N D) on `unique_tokens`, for each family, and compares the best with the others. Sizes
/// are looked for within four times what was tried.
template <ScalingLaw L>
[[nodiscard]] BudgetPlan plan_budget(std::span<const FamilyLaw<L>> families, double unique_tokens, double flops) {
  constexpr auto where = "plan";
  require(!families.empty(), where, "there is no family to plan for");
  require(unique_tokens > 0 && std::isfinite(unique_tokens), where, "unique tokens must be positive (got ",
          unique_tokens, ")");
  require(flops > 0 && std::isfinite(flops), where, "compute must be positive (got ", flops, ")");
  struct Planned {
    FamilyPlan plan;
    std::vector<double> losses;  ///< of each resample
    const FamilyLaw<L>* family;
    TriedRange sizes;
  };
  std::vector<Planned> planned;
  for (const FamilyLaw<L>& family : families) {
    Planned one{{}, {}, &family, {family.parameters.low / 4, family.parameters.high * 4}};
    one.plan.name = family.name;
    one.plan.use = best_use(family.law, family.fit.values, unique_tokens, flops, one.sizes);
    std::vector<double> parameters;
    std::vector<double> epochs;
    for (const LawValues<L>& x : family.resamples.values) {
      const BudgetUse use = best_use(family.law, x, unique_tokens, flops, one.sizes);
      parameters.push_back(use.parameters);
      epochs.push_back(use.epochs);
      one.losses.push_back(use.loss);
    }
    one.plan.parameters = {quantile(parameters, 0.025), quantile(parameters, 0.975)};
    one.plan.epochs = {quantile(epochs, 0.025), quantile(epochs, 0.975)};
    one.plan.loss = {quantile(one.losses, 0.025), quantile(one.losses, 0.975)};
    one.plan.beyond_flops = family.flops.beyond(flops);
    one.plan.beyond_unique = family.unique_tokens.beyond(unique_tokens);
    one.plan.beyond_parameters = family.parameters.beyond(one.plan.use.parameters);
    one.plan.beyond_epochs = family.epochs.beyond(one.plan.use.epochs);
    one.plan.near_best = sizes_within(family.law, family.fit.values, unique_tokens, flops, one.sizes, 0.005);
    planned.push_back(std::move(one));
  }
  std::sort(planned.begin(), planned.end(),
            [](const Planned& a, const Planned& b) { return a.plan.use.loss < b.plan.use.loss; });
  BudgetPlan result;
  for (const Planned& one : planned) result.families.push_back(one.plan);
  if (planned.size() < 2) return result;

  const Planned& first = planned[0];
  for (std::size_t k = 1; k < planned.size(); ++k) {
    std::vector<double> gaps;
    for (std::size_t b = 0; b < std::min(first.losses.size(), planned[k].losses.size()); ++b) {
      gaps.push_back(planned[k].losses[b] - first.losses[b]);
    }
    const Interval gap{quantile(gaps, 0.025), quantile(gaps, 0.975)};
    if (k > 1 && gap.low >= result.gap.low) continue;
    result.rival = k;
    result.gap = gap;
  }
  result.known = result.gap.low > 0;
  const Planned& rival = planned[result.rival];
  const auto saving = [&](const LawValues<L>& x, double loss) {
    const auto needed = flops_to_reach(rival.family->law, x, unique_tokens, loss, flops, rival.sizes);
    return needed ? *needed / flops : std::numeric_limits<double>::infinity();
  };
  std::vector<double> savings;
  for (std::size_t b = 0; b < std::min(first.losses.size(), rival.losses.size()); ++b) {
    savings.push_back(saving(rival.family->resamples.values[b], first.losses[b]));
  }
  result.saving = saving(rival.family->fit.values, first.plan.use.loss);
  std::sort(savings.begin(), savings.end());  // infinite ends have no mean with others
  const auto at = [&](double q) {
    return savings[static_cast<std::size_t>(std::llround(q * static_cast<double>(savings.size() - 1)))];
  };
  result.saving_interval = {at(0.025), at(0.975)};
  return result;
}

}  // namespace ordo
