#pragma once
// Findings 5 and 6: what laws say.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/lab/best_runs.hpp>
#include <ordo/lab/bootstrap.hpp>
#include <ordo/lab/critical_compute.hpp>
#include <ordo/lab/fit.hpp>
#include <ordo/lab/interval.hpp>
#include <ordo/lab/law.hpp>
#include <ordo/lab/planner.hpp>

#include "support/findings/finding.hpp"
#include "support/findings/inputs.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/plot.hpp"

namespace program {

inline Finding half_life(const FindingInputs& in) {
  using Law = ordo::DataConstrained<>;
  Finding f;
  f.title = "Repeats wear off more slowly for diffusion";
  f.claim =
      "The data-constrained law's R_D*, the number of repeats after which their worth has decayed, is about 494 "
      "for diffusion and 31 for autoregression (1266 and 55 for R_N*).";
  f.rule =
      "The law of arXiv:2305.16264 (alpha = beta, all parameters free) fitted to each family's tuned runs by the exact "
      "loss; 1/R_D* of autoregression minus that of diffusion, over resamples of (size, budget) clusters, the same for "
      "both.";
  ordo::FitOptions options;
  options.stop = in.stop;
  options.starts = in.plan.starts;
  ordo::BootstrapOptions resample;
  resample.stop = in.stop;
  resample.resamples = in.plan.resamples;
  const std::vector<Cell> cells = in.plan.cells();
  std::vector<ordo::FamilyLaw<Law>> laws;
  for (const char* family : families) {
    const std::vector<RunRecord> own = in.runs.of_all_sizes(family, cells);
    laws.push_back(ordo::fit_family(family, Law{}, ordo::best_runs(own, ComparedBy::exact), options, resample));
  }
  const auto shown = [](double reciprocal) {
    const double number = Law::parameters[Law::data].show(reciprocal);
    return std::isfinite(number) ? fmt::format("{:.3g}", number) : std::string("infinite");
  };
  std::vector<double> differences;
  for (std::size_t b = 0; b < laws[0].resamples.values.size(); ++b) {
    differences.push_back(laws[0].resamples.values[b][Law::data] - laws[1].resamples.values[b][Law::data]);
  }
  f.evidence.push_back({"1/R_D* of ltr - 1/R_D* of masked [1/passes]",
                        laws[0].fit.values[Law::data] - laws[1].fit.values[Law::data],
                        ordo::quantile(differences, 0.025), ordo::quantile(differences, 0.975)});
  Figure figure_5 =
      figure(in.plan, "finding-5", "What passes are worth, by the fitted law",
             fmt::format("bars: 95 % intervals, {} resamples of clusters; dashed: every pass as good as new data",
                         resample.resamples),
             "passes over the unique tokens", "worth in passes over new data");
  figure_5.log_y = true;
  PlotLine perfect{"as good as new", {}, true};
  for (const ordo::FamilyLaw<Law>& law : laws) {
    PlotLine line{law.name, {}};
    for (double epochs = 1; epochs <= 1024; epochs *= 2) {
      const auto worth = [&](const ordo::LawValues<Law>& x) {
        return std::exp(Law{}.log_worth_of_tokens(ordo::ScalingPoint::of(1, epochs, 1), x));
      };
      std::vector<double> all;
      for (const auto& x : law.resamples.values) all.push_back(worth(x));
      const double low = ordo::quantile(all, 0.025);
      const double high = ordo::quantile(all, 0.975);
      line.points.push_back({epochs, worth(law.fit.values), low, high});
      if (&law == &laws.front()) perfect.points.push_back({epochs, epochs});
      f.rows.push_back(
          {"worth [passes over new data]", law.name, "law", 0, epochs, line.points.back().y, low, high, {}});
    }
    figure_5.lines.push_back(std::move(line));
    const ordo::Interval data = law.resamples.interval(Law::data);
    const ordo::Interval size = law.resamples.interval(Law::size);
    f.note += fmt::format("{}: R_D* {} (95 %: {} .. {}), R_N* {} ({} .. {}), R^2 {:.3f}, {} runs in {} clusters. ",
                          law.name, shown(law.fit.values[Law::data]), shown(data.high), shown(data.low),
                          shown(law.fit.values[Law::size]), shown(size.high), shown(size.low), law.fit.r_squared,
                          law.runs, law.resamples.units);
  }
  figure_5.lines.push_back(std::move(perfect));
  const auto least = std::min_element(
      laws.begin(), laws.end(), [](const auto& a, const auto& b) { return a.resamples.units < b.resamples.units; });
  if (least->resamples.units < 20) f.note += "Fewer than 20 clusters make intervals too narrow.";
  f.figures.push_back(std::move(figure_5));
  return f;
}

inline Finding critical(const FindingInputs& in) {
  constexpr double published = ordo::published_critical_exponent;
  constexpr double tolerance = 0.5;
  constexpr double share = 0.95;  // of resamples, that must have a law
  Finding f;
  f.title = "Critical compute grows as a power of the unique tokens";
  f.claim = "Diffusion overtakes at a compute of 2.12 x 10^1.956 x U^2.174 FLOPs.";
  f.rule = fmt::format(
      "Crossings of the frontiers at each budget by the exact loss, and the power law through them, a budget without a "
      "crossing censored; resamples of windows and seeds. Reproduced if there are crossings at three budgets or more, "
      "in {:g} % of the resamples at two or more, and the exponent's interval lies within {:g} of {:g}; contradicted "
      "if "
      "that interval lies outside.",
      100 * share, tolerance, published);
  const ordo::CriticalCompute found = frontiers(in, in.plan.resamples);
  Figure figure_6 = figure(in.plan, "finding-6", "From which compute on diffusion is ahead",
                           "a budget without a crossing shows the most compute that both families spent",
                           "unique tokens", "training compute [FLOPs, 6 N D]");
  figure_6.log_y = true;
  figure_6.x_ticks = budget_ticks(in.plan);
  PlotLine crossed{"crossing", {}, false, false};
  PlotLine beyond{"no crossing up to here", {}, false, false};
  PlotLine before{"ahead from here already", {}, false, false};
  PlotLine paper{"closed form of arXiv:2507.15857", {}, true};
  std::size_t crossings = 0;
  std::vector<std::string> listed;
  for (const ordo::BudgetCrossing& b : found.budgets) {
    const auto& c = b.crossing;
    const bool at = c.kind == ordo::Crossing::Kind::at;
    const bool above = c.kind == ordo::Crossing::Kind::above;
    (at ? crossed : above ? beyond : before).points.push_back({b.unique_tokens, c.flops});
    paper.points.push_back({b.unique_tokens, ordo::published_critical_flops(b.unique_tokens)});
    crossings += at ? 1 : 0;
    f.rows.push_back({at      ? "crossing [FLOPs]"
                      : above ? "no crossing up to [FLOPs]"
                              : "ahead from [FLOPs]",
                      "masked against ltr",
                      "frontiers",
                      static_cast<std::int64_t>(b.unique_tokens),
                      0,
                      c.flops,
                      b.interval.low,
                      b.interval.high,
                      {}});
    listed.push_back(fmt::format("{} tokens {}{:.2g}", thousands(b.unique_tokens),
                                 at      ? ""
                                 : above ? "> "
                                         : "< ",
                                 c.flops));
  }
  if (found.law && found.with_law >= share * found.resamples && crossings >= 3) {
    const double low = found.exponent.low;
    const double high = found.exponent.high;
    // How far inside of the paper's exponent +- the tolerance, as one number that is above 0 inside.
    const auto inside = [](double exponent) { return tolerance - std::abs(exponent - published); };
    const double worst = std::min(inside(low), inside(high));
    const double best = low <= published && high >= published ? tolerance : std::max(inside(low), inside(high));
    f.evidence.push_back({fmt::format("{:g} - |exponent - {:g}|, exponent {:.2f} ({:.2f} .. {:.2f})", tolerance,
                                      published, found.law->exponent, low, high),
                          inside(found.law->exponent), worst, best});
  }
  f.note = fmt::format("{} of {} budgets have a crossing ({} FLOPs){} {} settings, {} of them with two seeds or more.",
                       crossings, found.budgets.size(), joined(listed),
                       f.evidence.empty() ? ": the exponent is not known." : ".", found.settings, found.with_seeds);
  for (PlotLine* line : {&crossed, &beyond, &before, &paper}) {
    if (!line->points.empty()) figure_6.lines.push_back(*line);
  }
  f.figures.push_back(std::move(figure_6));
  return f;
}

}  // namespace program
