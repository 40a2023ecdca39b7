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

#include <ordo/lab/frontier.hpp>

#include "support/findings/evaluated.hpp"
#include "support/findings/finding.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

inline Finding little_compute(const Evaluated& e) {
  Finding f;
  f.number = 1;
  f.title = "With little compute autoregression wins";
  f.claim =
      "After one pass over the data, autoregression is ahead (100M tokens: 7.07 against 10.65 in its table of "
      "compute-optimal models).";
  f.rule =
      "At each unique budget, one pass: exact left-to-right loss of tuned masked diffusion minus that of tuned "
      "autoregression, paired by seed.";
  Figure figure_1 = figure(e.study, "finding-1", "One pass over the data", seeds_note, "unique tokens",
                           "validation loss, exact left to right [nats/token]");
  std::vector<PlotLine> lines;
  for (const char* family : families) lines.push_back({title_of(family, Tuning::tuned), {}});
  lines.push_back({"masked, tuned, its bound", {}, true});
  for (const Cell& cell : e.plan().cells()) {
    if (cell.epochs != 1) continue;
    const auto ltr = losses(e, f, "ltr", cell, Tuning::tuned);
    const auto masked = losses(e, f, "masked", cell, Tuning::tuned);
    const auto unique = static_cast<double>(cell.unique_tokens);
    add_point(lines[0], unique, ltr);
    add_point(lines[1], unique, masked);
    add_point(lines[2], unique, losses(e, f, "masked", cell, Tuning::tuned, ComparedBy::own));
    const RunSettings base = e.runs.chosen("ltr", cell, Tuning::tuned);
    const RunSettings challenger = e.runs.chosen("masked", cell, Tuning::tuned);
    f.evidence.push_back(judged(e, fmt::format("masked - ltr, {} tokens [nats/token]", thousands(cell.unique_tokens)),
                                [&](const auto& loss) { return loss(challenger) - loss(base); }));
  }
  f.verdict = judge(f.evidence);
  f.note = "Both families have their size and regularisation chosen at each budget, by a seed that does not report.";
  figure_1.lines = std::move(lines);
  for (const PlotPoint& p : figure_1.lines.front().points) figure_1.x_ticks.push_back(p.x);
  draw(e.study, f, figure_1);
  return f;
}

/// The frontier of a family at a budget: the best so far of all sizes and passes, as compute grows.
inline PlotLine frontier_line(const Evaluated& e, const std::string& family, std::int64_t unique, bool dashed) {
  PlotLine line{fmt::format("{}, {} tokens", family, thousands(unique)), {}, dashed};
  std::vector<ordo::FrontierRun> runs;
  for (const Cell& cell : e.plan().cells()) {
    if (cell.unique_tokens != unique) continue;
    for (const RunSettings& setting : e.runs.chosen_sizes(family, cell)) {
      const double loss = mean_of(e.runs.losses(setting)).mean;
      runs.push_back({e.runs.at(setting).flops_by_rule, loss, loss});
    }
  }
  for (const ordo::FrontierPoint& p : ordo::frontier(runs)) line.points.push_back({p.flops, p.loss, std::nan("")});
  return line;
}

inline Finding much_compute(const Evaluated& e) {
  Finding f;
  f.number = 2;
  f.title = "With enough compute on the same data diffusion wins";
  f.claim =
      "With enough passes masked diffusion overtakes autoregression on the same unique tokens (100M: 3.55 against "
      "3.71).";
  f.rule =
      "At each unique budget: exact loss of the best tuned autoregression minus that of the best tuned diffusion, over "
      "all sizes and passes, paired by seed. Where autoregression is ahead everywhere, it is contradicted only if "
      "diffusion's best is not its longest run at any budget: else more passes might tell.";
  Figure figure_2 = figure(e.study, "finding-2", "The best loss that compute buys",
                           "the best of sizes and regularisations so far; means over seeds",
                           "training compute [FLOPs, 6 N D]", "validation loss, exact left to right [nats/token]");
  bool still_falling = false;
  std::string against_plain;
  std::string epochs;
  for (const std::int64_t unique : e.plan().budgets) {
    RunSettings best[2];
    std::vector<double> plain[2];
    for (std::size_t i = 0; i < 2; ++i) {
      const Cell cell = e.runs.best_cell(families[i], unique, Tuning::tuned);
      best[i] = e.runs.chosen(families[i], cell, Tuning::tuned);
      (void)losses(e, f, families[i], cell, Tuning::tuned);
      plain[i] = losses(e, f, families[i], e.runs.best_cell(families[i], unique, Tuning::plain), Tuning::plain);
      if (i == 1) {
        (void)losses(e, f, families[i], cell, Tuning::tuned, ComparedBy::own);
        still_falling = still_falling || cell.epochs == e.runs.most_epochs(unique);
      }
      epochs += fmt::format("{}{}{} {:g}", i == 0 ? (epochs.empty() ? "" : "; ") : ", ",
                            i == 0 ? thousands(unique) + " tokens: " : "", families[i], cell.epochs);
      figure_2.lines.push_back(frontier_line(e, families[i], unique, i == 0));
    }
    f.evidence.push_back(judged(e, fmt::format("ltr - masked, {} tokens [nats/token]", thousands(unique)),
                                [&](const auto& loss) { return loss(best[0]) - loss(best[1]); }));
    against_plain +=
        fmt::format("{}{:+.3f}", against_plain.empty() ? "" : ", ", mean_of(minus(plain[0], plain[1])).mean);
  }
  f.verdict = judge(f.evidence);
  if (f.verdict == Verdict::contradicted && still_falling) f.verdict = Verdict::undecided;
  f.note = fmt::format(
      "Passes of the best models: {}. Under the paper's regularisation alone the differences are {} nats/token. "
      "Diffusion's best run is {}its longest at one budget or more.",
      epochs, against_plain, still_falling ? "" : "not ");
  draw(e.study, f, figure_2);
  return f;
}

/// The cells that see the same number of tokens as the one that sees each token once; that one first.
inline std::vector<Cell> equal_compute(const FindingsPlan& plan) {
  std::vector<Cell> cells;
  for (const Cell& cell : plan.cells()) {
    if (plan.sees_equally_many(cell)) cells.push_back(cell);
  }
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return a.epochs < b.epochs; });
  return cells;
}

inline Finding equal_compute_less_data(const Evaluated& e) {
  Finding f;
  f.number = 3;
  f.title = "At equal compute less data costs autoregression, not diffusion";
  f.claim =
      "At the same compute, autoregression gets worse as unique data shrinks to 50, 25, 10 and 5 % (1e19 FLOPs: from "
      "3.29 to 3.37), and diffusion stays flat (about 3.86).";
  const std::vector<Cell> cells = equal_compute(e.plan());
  f.rule = fmt::format(
      "All models see {} tokens. For each number of passes: how much tuned autoregression's exact loss lies above that "
      "with nothing seen twice, minus the same of tuned diffusion, paired by seed.",
      thousands(e.plan().equal_tokens));
  Figure figure_3 =
      figure(e.study, "finding-3", "Fewer unique tokens, the same compute", seeds_note,
             fmt::format("share of unique tokens in the {} that are seen", thousands(e.plan().equal_tokens)),
             "validation loss, exact left to right [nats/token]");
  std::map<double, std::vector<double>> rises[2];
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Tuning tuning : {Tuning::tuned, Tuning::plain}) {
      PlotLine line{title_of(families[i], tuning), {}, tuning == Tuning::plain};
      const std::vector<double> fresh = losses(e, f, families[i], cells.front(), tuning);
      for (const Cell& cell : cells) {
        const std::vector<double> loss = cell.epochs == 1 ? fresh : losses(e, f, families[i], cell, tuning);
        add_point(line, 1 / cell.epochs, loss);
        if (tuning == Tuning::tuned) rises[i][cell.epochs] = minus(loss, fresh);
      }
      figure_3.lines.push_back(std::move(line));
    }
  }
  std::string by;
  for (const Cell& cell : cells) {
    if (cell.epochs == 1) continue;
    f.evidence.push_back(judged(e, fmt::format("rise of ltr - rise of masked, {} [nats/token]", of_passes(cell.epochs)),
                                [&](const auto& loss) {
                                  const auto rise = [&](const char* family) {
                                    return loss(e.runs.chosen(family, cell, Tuning::tuned)) -
                                           loss(e.runs.chosen(family, cells.front(), Tuning::tuned));
                                  };
                                  return rise("ltr") - rise("masked");
                                }));
    by += fmt::format("{}{}: ltr {:+.3f}, masked {:+.3f}", by.empty() ? "" : "; ", of_passes(cell.epochs),
                      mean_of(rises[0][cell.epochs]).mean, mean_of(rises[1][cell.epochs]).mean);
  }
  f.verdict = judge(f.evidence);
  for (const Cell& cell : cells) figure_3.x_ticks.push_back(1 / cell.epochs);
  f.note = fmt::format("Rises [nats/token]: {}.", by);
  draw(e.study, f, figure_3);
  return f;
}

inline Finding nearly_fresh(const Evaluated& e) {
  constexpr double tolerance = 0.02;
  Finding f;
  f.number = 4;
  f.title = "Repeats are nearly as good as new data for 4 passes, or for 100";
  f.claim =
      "Repeated data is nearly as good as new data up to about 4 passes for autoregression, about 100 for "
      "diffusion.";
  const std::vector<Cell> cells = equal_compute(e.plan());
  // The passes nearest to the paper's 4 and 100.
  const auto nearest = [&](double epochs) {
    return *std::min_element(cells.begin() + 1, cells.end(), [&](const Cell& a, const Cell& b) {
      return std::abs(std::log(a.epochs / epochs)) < std::abs(std::log(b.epochs / epochs));
    });
  };
  const Cell few = nearest(4);
  const Cell many = nearest(100);
  f.rule = fmt::format(
      "All models see {} tokens; excess: how far the exact loss lies above that with nothing seen twice, as a share of "
      "it. Nearly as good: an excess below {:g} %. The claim holds if autoregression's excess is below that after {:g} "
      "passes and above it after {:g}, and diffusion's is below it after {:g}; under the paper's regularisation.",
      thousands(e.plan().equal_tokens), 100 * tolerance, few.epochs, many.epochs, many.epochs);
  Figure figure_4 = figure(e.study, "finding-4", "What repeats cost against new data", seeds_note,
                           "passes over the unique tokens", "loss above that with nothing seen twice [%]");
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Tuning tuning : {Tuning::tuned, Tuning::plain}) {
      PlotLine line{title_of(families[i], tuning), {}, tuning == Tuning::tuned};
      const std::vector<double> fresh = losses(e, f, families[i], cells.front(), tuning);
      for (const Cell& cell : cells) {
        std::vector<double> share = cell.epochs == 1 ? fresh : losses(e, f, families[i], cell, tuning);
        for (std::size_t s = 0; s < share.size(); ++s) share[s] = 100 * (share[s] / fresh[s] - 1);
        add_point(line, cell.epochs, share);
      }
      figure_4.lines.push_back(std::move(line));
    }
  }
  for (const Cell& cell : cells) figure_4.x_ticks.push_back(cell.epochs);
  // How far the excess lies below the tolerance, or above it [%].
  const auto excess = [&](const char* family, const Cell& cell, bool below) {
    const RunSettings repeated = e.runs.chosen(family, cell, Tuning::plain);
    const RunSettings fresh = e.runs.chosen(family, cells.front(), Tuning::plain);
    const std::string excess_of = fmt::format("excess of {}", family);
    const std::string what =
        fmt::format("{} - {}, {} [%]", below ? "2 %" : excess_of, below ? excess_of : "2 %", of_passes(cell.epochs));
    f.evidence.push_back(judged(e, what, [&](const auto& loss) {
      const double over = loss(repeated) / loss(fresh) - 1;
      return 100 * (below ? tolerance - over : over - tolerance);
    }));
  };
  excess("ltr", few, true);
  excess("ltr", many, false);
  excess("masked", many, true);
  f.verdict = judge(f.evidence);
  const RunSettings fresh = e.runs.chosen("masked", cells.front(), Tuning::plain);
  f.note = fmt::format(
      "With nothing seen twice masked diffusion is at {:.3f} nats/token, autoregression at {:.3f}: a family that has "
      "learnt little yet has little to lose by repeats.",
      mean_of(e.runs.losses(fresh)).mean,
      mean_of(e.runs.losses(e.runs.chosen("ltr", cells.front(), Tuning::plain))).mean);
  draw(e.study, f, figure_4);
  return f;
}

}  // namespace program
