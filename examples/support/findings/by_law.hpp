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

#include <ordo/core/error.hpp>
#include <ordo/lab.hpp>

#include "support/findings/evaluated.hpp"
#include "support/findings/finding.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

inline Finding half_life(const Evaluated& e) {
  using Law = ordo::DataConstrained<>;
  Finding f;
  f.number = 5;
  f.title = "Repeats wear off more slowly for diffusion";
  f.claim =
      "The data-constrained law's R_D*, the number of repeats after which their worth has decayed, is about 494 "
      "for diffusion and 31 for autoregression (1266 and 55 for R_N*).";
  f.rule =
      "The law of arXiv:2305.16264 (alpha = beta, all parameters free) fitted to each family's tuned runs by the exact "
      "loss; 1/R_D* of autoregression minus that of diffusion, over resamples of (size, budget) clusters, the same for "
      "both.";
  ordo::FitOptions options;
  options.stop = e.stop;
  options.starts = e.plan().starts;
  ordo::BootstrapOptions resample;
  resample.stop = e.stop;
  resample.resamples = e.plan().resamples;
  const std::vector<Cell> cells = e.plan().cells();
  std::vector<ordo::FamilyLaw<Law>> laws;
  for (const char* family : families) {
    const std::vector<RunRecord> own = e.runs.of_all_sizes(family, cells);
    try {
      laws.push_back(ordo::fit_family(family, Law{}, ordo::best_runs(own, ComparedBy::exact), options, resample));
    } catch (const ordo::Stopped&) {
      throw;
    } catch (const ordo::Error& error) {
      f.note = std::string("No law could be fitted: ") + error.what() + ".";
      return f;
    }
  }
  const auto shown = [](double reciprocal) {
    return reciprocal <= 0 ? std::string("infinite") : fmt::format("{:.3g}", 1 / reciprocal);
  };
  std::vector<double> differences;
  for (std::size_t b = 0; b < laws[0].resamples.values.size(); ++b) {
    differences.push_back(laws[0].resamples.values[b][Law::data] - laws[1].resamples.values[b][Law::data]);
  }
  f.evidence.push_back({"1/R_D* of ltr - 1/R_D* of masked [1/passes]",
                        laws[0].fit.values[Law::data] - laws[1].fit.values[Law::data],
                        ordo::quantile(differences, 0.025), ordo::quantile(differences, 0.975)});
  f.verdict = judge(f.evidence);
  Figure figure_5 =
      figure(e.study, "finding-5", "What passes are worth, by the fitted law",
             fmt::format("bars: 95 % intervals, {} resamples of clusters; dashed: every pass as good as new data",
                         resample.resamples),
             "passes over the unique tokens", "worth in passes over new data");
  figure_5.log_y = true;
  PlotLine perfect{"as good as new", {}, true};
  for (const ordo::FamilyLaw<Law>& law : laws) {
    PlotLine line{law.name, {}};
    for (double epochs = 1; epochs <= 1024; epochs *= 2) {
      const auto worth = [&](double reciprocal) {
        const double repeats = epochs - 1;
        return 1 + (reciprocal <= 0 ? repeats : -std::expm1(-repeats * reciprocal) / reciprocal);
      };
      std::vector<double> all;
      for (const auto& x : law.resamples.values) all.push_back(worth(x[Law::data]));
      const double low = ordo::quantile(all, 0.025);
      const double high = ordo::quantile(all, 0.975);
      line.points.push_back({epochs, worth(law.fit.values[Law::data]), low, high});
      if (&law == &laws.front()) perfect.points.push_back({epochs, epochs, std::nan("")});
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
  f.note += "So few clusters make intervals too narrow.";
  draw(e.study, f, figure_5);
  return f;
}

inline Finding critical(const Evaluated& e) {
  Finding f;
  f.number = 6;
  f.title = "Critical compute grows as a power of the unique tokens";
  f.claim = "Diffusion overtakes at a compute of 2.12 x 10^1.956 x U^2.174 FLOPs.";
  f.rule =
      "Crossings of the frontiers at each budget by the exact loss, and the power law through them, a budget without a "
      "crossing censored; resamples of windows and seeds. Reproduced if there are crossings at three budgets or more "
      "and the exponent's interval lies within 0.5 of 2.174; contradicted if that interval lies outside.";
  ordo::CriticalComputeOptions options;
  options.resamples = e.plan().resamples;
  std::vector<Cell> cells = e.plan().cells();
  std::erase_if(cells, [&](const Cell& cell) {
    return std::count(e.plan().budgets.begin(), e.plan().budgets.end(), cell.unique_tokens) == 0;
  });
  std::vector<RunRecord> compared;
  for (const char* family : families) {
    for (RunRecord& run : e.runs.of_all_sizes(family, cells)) compared.push_back(std::move(run));
  }
  const ordo::CriticalCompute found = ordo::critical_compute(compared, options);
  Figure figure_6 = figure(e.study, "finding-6", "From which compute on diffusion is ahead",
                           "a budget without a crossing shows the most compute that both families spent",
                           "unique tokens", "training compute [FLOPs, 6 N D]");
  figure_6.log_y = true;
  figure_6.x_ticks = budget_ticks(e.plan());
  PlotLine crossed{"crossing", {}, false, false};
  PlotLine beyond{"no crossing up to here", {}, false, false};
  PlotLine before{"ahead from here already", {}, false, false};
  PlotLine paper{"closed form of arXiv:2507.15857", {}, true};
  std::size_t crossings = 0;
  std::string listed;
  for (const ordo::BudgetCrossing& b : found.budgets) {
    const auto& c = b.crossing;
    const bool at = c.kind == ordo::Crossing::Kind::at;
    const bool above = c.kind == ordo::Crossing::Kind::above;
    (at ? crossed : above ? beyond : before).points.push_back({b.unique_tokens, c.flops, std::nan("")});
    paper.points.push_back({b.unique_tokens, ordo::published_critical_flops(b.unique_tokens), std::nan("")});
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
    listed += fmt::format("{}{} tokens {}{:.2g}", listed.empty() ? "" : ", ",
                          thousands(static_cast<std::int64_t>(b.unique_tokens)),
                          at      ? ""
                          : above ? "> "
                                  : "< ",
                          c.flops);
  }
  if (found.law && found.with_law >= 0.95 * found.resamples && crossings >= 3) {
    const double low = found.exponent.low;
    const double high = found.exponent.high;
    // How far inside of the paper's exponent +- 0.5, as one number that is above 0 inside.
    const auto inside = [](double exponent) { return 0.5 - std::abs(exponent - 2.174); };
    const double worst = std::min(inside(low), inside(high));
    const double best = low <= 2.174 && high >= 2.174 ? 0.5 : std::max(inside(low), inside(high));
    f.evidence.push_back(
        {fmt::format("0.5 - |exponent - 2.174|, exponent {:.2f} ({:.2f} .. {:.2f})", found.law->exponent, low, high),
         inside(found.law->exponent), worst, best});
  }
  f.verdict = judge(f.evidence);
  f.note = fmt::format("{} of {} budgets have a crossing ({} FLOPs){} {} settings, {} of them with two seeds or more.",
                       crossings, found.budgets.size(), listed,
                       f.evidence.empty() ? ": the exponent is not known." : ".", found.settings, found.with_seeds);
  for (PlotLine* line : {&crossed, &beyond, &before, &paper}) {
    if (!line->points.empty()) figure_6.lines.push_back(*line);
  }
  draw(e.study, f, figure_6);
  return f;
}

}  // namespace program
