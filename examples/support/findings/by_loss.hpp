#pragma once
// Findings 1 to 4: what losses say.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/lab/critical_compute.hpp>

#include "support/findings/finding.hpp"
#include "support/findings/inputs.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

inline Finding little_compute(const FindingInputs& in) {
  Finding f;
  f.title = "With little compute autoregression wins";
  f.claim =
      "After one pass over the data, autoregression is ahead (100M tokens: 7.07 against 10.65 in its table of "
      "compute-optimal models).";
  f.rule =
      "At each number of unique tokens, one pass: exact left-to-right loss of tuned masked diffusion minus that of "
      "tuned "
      "autoregression, paired by seed.";
  Figure figure_1 = figure(in.plan, "finding-1", "One pass over the data", seeds_note, "unique tokens",
                           "validation loss, exact left to right [nats/token]");
  std::vector<PlotLine> lines;
  for (const char* family : families) lines.push_back({title_of(family, Tuning::tuned), {}});
  lines.push_back({"masked, tuned, its bound", {}, true});
  for (const Cell& cell : in.plan.cells()) {
    if (cell.epochs != 1) continue;
    const auto ltr = add_losses(in, f, autoregression, cell, Tuning::tuned);
    const auto masked = add_losses(in, f, diffusion, cell, Tuning::tuned);
    const auto unique = static_cast<double>(cell.unique_tokens);
    add_point(lines[0], unique, ltr);
    add_point(lines[1], unique, masked);
    add_point(lines[2], unique, add_losses(in, f, diffusion, cell, Tuning::tuned, ComparedBy::own));
    const RunSettings base = in.runs.chosen(autoregression, cell, Tuning::tuned);
    const RunSettings challenger = in.runs.chosen(diffusion, cell, Tuning::tuned);
    f.evidence.push_back(
        evidence_of_losses(in, fmt::format("masked - ltr, {} tokens [nats/token]", thousands(cell.unique_tokens)),
                           [&](const auto& loss) { return loss(challenger) - loss(base); }));
  }
  f.note = "Both families have their size and regularisation chosen at each budget, by a seed that does not report.";
  figure_1.lines = std::move(lines);
  for (const PlotPoint& p : figure_1.lines.front().points) figure_1.x_ticks.push_back(p.x);
  f.figures.push_back(std::move(figure_1));
  return f;
}

inline Finding much_compute(const FindingInputs& in) {
  Finding f;
  f.title = "With enough compute on the same data diffusion wins";
  f.claim =
      "With enough passes masked diffusion overtakes autoregression on the same unique tokens (100M: 3.55 against "
      "3.71).";
  f.rule =
      "At each unique budget: exact loss of the best tuned autoregression minus that of the best tuned diffusion, over "
      "all sizes and passes, paired by seed. Where autoregression is ahead everywhere, it is contradicted only if "
      "diffusion's best is not its longest run at any budget: else more passes might tell.";
  Figure figure_2 = figure(in.plan, "finding-2", "The best loss that compute buys",
                           "the best of sizes and regularisations so far; means over seeds; dashed: ltr",
                           "training compute [FLOPs, 6 N D]", "validation loss, exact left to right [nats/token]");
  int pair = 0;
  for (const ordo::BudgetCrossing& budget : frontiers(in, 0).budgets) {
    const auto line = [&](const char* family, const std::vector<ordo::FrontierPoint>& points, bool dashed) {
      PlotLine drawn{fmt::format("{}, {} tokens", family, thousands(budget.unique_tokens)), {}, dashed};
      drawn.pair = pair;
      for (const ordo::FrontierPoint& p : points) drawn.points.push_back({p.flops, p.loss});
      figure_2.lines.push_back(std::move(drawn));
    };
    line(autoregression, budget.base, true);
    line(diffusion, budget.challenger, false);
    ++pair;
  }
  std::vector<std::string> against_plain;
  std::vector<std::string> epochs;
  for (const std::int64_t unique : in.plan.budgets) {
    RunSettings best[2];
    std::vector<std::string> passes;
    std::vector<double> plain[2];
    for (std::size_t i = 0; i < 2; ++i) {
      const Cell cell = in.runs.best_cell(families[i], unique, Tuning::tuned);
      best[i] = in.runs.chosen(families[i], cell, Tuning::tuned);
      (void)add_losses(in, f, families[i], cell, Tuning::tuned);
      plain[i] = add_losses(in, f, families[i], in.runs.best_cell(families[i], unique, Tuning::plain), Tuning::plain);
      if (i == 1) {
        (void)add_losses(in, f, families[i], cell, Tuning::tuned, ComparedBy::own);
        f.open_end = f.open_end || cell.epochs == in.runs.most_epochs(unique);
      }
      passes.push_back(fmt::format("{} {:g}", families[i], cell.epochs));
    }
    f.evidence.push_back(evidence_of_losses(in, fmt::format("ltr - masked, {} tokens [nats/token]", thousands(unique)),
                                            [&](const auto& loss) { return loss(best[0]) - loss(best[1]); }));
    epochs.push_back(fmt::format("{} tokens: {}", thousands(unique), joined(passes)));
    against_plain.push_back(fmt::format("{:+.3f}", mean_of(minus(plain[0], plain[1])).mean));
  }
  f.note = fmt::format(
      "Passes of the best models: {}. Under the paper's regularisation alone the differences are {} nats/token. "
      "Diffusion's best run is {}its longest at one budget or more.",
      joined(epochs, "; "), joined(against_plain), f.open_end ? "" : "not ");
  f.figures.push_back(std::move(figure_2));
  return f;
}

inline Finding equal_compute_less_data(const FindingInputs& in) {
  Finding f;
  f.title = "At equal compute less data costs autoregression more than diffusion";
  f.claim =
      "At the same compute, autoregression gets worse as unique data shrinks to 50, 25, 10 and 5 % (1e19 FLOPs: from "
      "3.29 to 3.37), and diffusion stays flat (about 3.86).";
  const std::vector<Cell> cells = in.plan.equal_token_cells();
  f.rule = fmt::format(
      "All models see {} tokens; sizes are chosen for each number of passes, so compute is equal where sizes are. For "
      "each number of passes: how much tuned autoregression's exact loss lies above that with nothing seen twice, "
      "minus "
      "the same of tuned diffusion, paired by seed.",
      thousands(in.plan.equal_tokens));
  Figure figure_3 =
      figure(in.plan, "finding-3", "Fewer unique tokens, as many seen", seeds_note,
             fmt::format("share of unique tokens in the {} that are seen", thousands(in.plan.equal_tokens)),
             "validation loss, exact left to right [nats/token]");
  std::map<double, std::vector<double>> rises[2];
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Tuning tuning : {Tuning::tuned, Tuning::plain}) {
      PlotLine line{title_of(families[i], tuning), {}, tuning == Tuning::plain};
      const std::vector<double> fresh = add_losses(in, f, families[i], cells.front(), tuning);
      for (const Cell& cell : cells) {
        const std::vector<double> loss = cell.epochs == 1 ? fresh : add_losses(in, f, families[i], cell, tuning);
        add_point(line, 1 / cell.epochs, loss);
        if (tuning == Tuning::tuned) rises[i][cell.epochs] = minus(loss, fresh);
      }
      figure_3.lines.push_back(std::move(line));
    }
  }
  std::vector<std::string> by;
  for (const Cell& cell : cells) {
    if (cell.epochs == 1) continue;
    f.evidence.push_back(
        evidence_of_losses(in, fmt::format("rise of ltr - rise of masked, {} [nats/token]", of_passes(cell.epochs)),
                           [&](const auto& loss) {
                             const auto rise = [&](const char* family) {
                               return loss(in.runs.chosen(family, cell, Tuning::tuned)) -
                                      loss(in.runs.chosen(family, cells.front(), Tuning::tuned));
                             };
                             return rise(autoregression) - rise(diffusion);
                           }));
    by.push_back(fmt::format("{}: ltr {:+.3f}, masked {:+.3f}", of_passes(cell.epochs),
                             mean_of(rises[0][cell.epochs]).mean, mean_of(rises[1][cell.epochs]).mean));
  }
  for (const Cell& cell : cells) figure_3.x_ticks.push_back(1 / cell.epochs);
  f.note = fmt::format("Rises [nats/token]: {}.", joined(by, "; "));
  f.figures.push_back(std::move(figure_3));
  return f;
}

inline Finding nearly_fresh(const FindingInputs& in) {
  constexpr double tolerance = 0.02;
  Finding f;
  f.title = "Repeats are nearly as good as new data for 4 passes, or for 100";
  f.claim =
      "Repeated data is nearly as good as new data up to about 4 passes for autoregression, about 100 for "
      "diffusion.";
  const std::vector<Cell> cells = in.plan.equal_token_cells();
  const Cell few = in.plan.repeated_about(4);
  const Cell many = in.plan.repeated_about(100);
  f.rule = fmt::format(
      "All models see {} tokens; excess: how far the exact loss lies above that with nothing seen twice, as a share of "
      "it. Nearly as good: an excess below {:g} %. The claim holds if autoregression's excess is below that after {:g} "
      "passes and above it after {:g}, and diffusion's is below it after {:g}; under the paper's regularisation.",
      thousands(in.plan.equal_tokens), 100 * tolerance, few.epochs, many.epochs, many.epochs);
  Figure figure_4 = figure(in.plan, "finding-4", "What repeats cost against new data", seeds_note,
                           "passes over the unique tokens", "loss above that with nothing seen twice [%]");
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Tuning tuning : {Tuning::tuned, Tuning::plain}) {
      PlotLine line{title_of(families[i], tuning), {}, tuning == Tuning::tuned};
      const std::vector<double> fresh = add_losses(in, f, families[i], cells.front(), tuning);
      for (const Cell& cell : cells) {
        std::vector<double> share = cell.epochs == 1 ? fresh : add_losses(in, f, families[i], cell, tuning);
        for (std::size_t s = 0; s < share.size(); ++s) share[s] = 100 * (share[s] / fresh[s] - 1);
        add_point(line, cell.epochs, share);
      }
      figure_4.lines.push_back(std::move(line));
    }
  }
  for (const Cell& cell : cells) figure_4.x_ticks.push_back(cell.epochs);
  // How far the excess lies below the tolerance, or above it [%].
  const auto add_excess = [&](const char* family, const Cell& cell, bool below) {
    const RunSettings repeated = in.runs.chosen(family, cell, Tuning::plain);
    const RunSettings fresh = in.runs.chosen(family, cells.front(), Tuning::plain);
    const std::string excess_of = fmt::format("excess of {}", family);
    const std::string what =
        fmt::format("{} - {}, {} [%]", below ? "2 %" : excess_of, below ? excess_of : "2 %", of_passes(cell.epochs));
    f.evidence.push_back(evidence_of_losses(in, what, [&](const auto& loss) {
      const double over = loss(repeated) / loss(fresh) - 1;
      return 100 * (below ? tolerance - over : over - tolerance);
    }));
  };
  add_excess(autoregression, few, true);
  add_excess(autoregression, many, false);
  add_excess(diffusion, many, true);
  const RunSettings fresh = in.runs.chosen(diffusion, cells.front(), Tuning::plain);
  f.note = fmt::format(
      "With nothing seen twice masked diffusion is at {:.3f} nats/token, autoregression at {:.3f}: a family that has "
      "learnt little yet has little to lose by repeats.",
      mean_of(in.runs.losses(fresh)).mean,
      mean_of(in.runs.losses(in.runs.chosen(autoregression, cells.front(), Tuning::plain))).mean);
  f.figures.push_back(std::move(figure_4));
  return f;
}

}  // namespace program
