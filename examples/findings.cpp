// The findings of "Diffusion Beats Autoregressive in Data-Constrained Settings" (arXiv:2507.15857), each tried anew at
// the scale of this machine: what is trained, a rule that decides, a figure, a table and a paragraph.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/data/mapped_file.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/io/choice_tasks.hpp>
#include <ordo/lab.hpp>

#include "support/engine.hpp"
#include "support/finding.hpp"
#include "support/findings_plan.hpp"
#include "support/made_choices.hpp"
#include "support/novels.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include "support/sweep.hpp"
#include "support/text.hpp"

namespace {

using ordo::ComparedBy;
using ordo::RunRecord;
using ordo::RunSettings;
using program::Cell;
using program::Evidence;
using program::Finding;
using program::FindingRow;
using program::mean_of;
using program::minus;
using program::Tuning;
using program::Verdict;

constexpr const char* families[] = {"ltr", "masked"};
constexpr const char* stamp_text = "Smoke test, not evidence";

struct Study {
  program::FindingsPlan plan;
  program::TextFlags text;
  program::SweepSettings sweep;
  std::vector<int> numbers;
  std::filesystem::path out = "findings-results";
  std::filesystem::path choices;  ///< tasks of the user's own for finding 7
  std::string command;

  [[nodiscard]] std::string stamp() const { return plan.quick ? stamp_text : ""; }
  [[nodiscard]] bool asks(int number) const {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  }
};

/// What all findings look at.
struct Evaluated {
  const Study& study;
  const ordo::Dataset& data;
  const program::FindingsRuns& runs;
  std::stop_token stop;

  [[nodiscard]] const program::FindingsPlan& plan() const { return study.plan; }
};

std::string thousands(std::int64_t tokens) { return program::thousands(static_cast<double>(tokens)); }

std::string of_passes(double epochs) { return fmt::format("{:g} {}", epochs, epochs == 1 ? "pass" : "passes"); }

std::string title_of(const std::string& family, Tuning tuning) {
  return family + (tuning == Tuning::tuned ? ", tuned" : ", as in the paper");
}

/// A figure whose second line says what it is, stamped where it is no evidence.
program::Figure figure(const Study& study, const std::string& name, const std::string& title, const std::string& note,
                       const std::string& x_label, const std::string& y_label) {
  program::Figure f{name, title, (study.plan.quick ? "SMOKE TEST, NOT EVIDENCE; " : "") + note, x_label, y_label,
                    true, {}};
  f.decades = true;
  return f;
}

void add_point(program::PlotLine& line, double x, const std::vector<double>& seeds) {
  const program::Mean mean = mean_of(seeds);
  line.points.push_back({x, mean.mean, mean.half_interval()});
}

void draw(const Study& study, Finding& finding, const program::Figure& f) {
  finding.figures.push_back(f.name);
  program::draw(study.out, f, finding.file() + ".csv");
}

/// The chosen setting's losses, as a row too.
std::vector<double> losses(const Evaluated& e, Finding& finding, const std::string& family, const Cell& cell,
                           Tuning tuning, ComparedBy by = ComparedBy::exact) {
  const RunSettings setting = e.runs.chosen(family, cell, tuning);
  std::vector<double> values = e.runs.losses(setting, by);
  finding.rows.push_back(
      {fmt::format("{} loss [nats/token], {}", to_string(by), tuning == Tuning::tuned ? "tuned" : "plain"), family,
       program::describe_setting(setting), cell.unique_tokens, cell.epochs, values});
  return values;
}

constexpr const char* seeds_note = "means of three seeds, bars: 95 % t-intervals; settings chosen on other windows";

Finding little_compute(const Evaluated& e) {
  Finding f;
  f.number = 1;
  f.title = "With little compute autoregression wins";
  f.claim =
      "After one pass over the data, autoregression is ahead (100M tokens: 7.07 against 10.65 in its table of "
      "compute-optimal models).";
  f.rule =
      "At each unique budget, one pass: exact left-to-right loss of tuned masked diffusion minus that of tuned "
      "autoregression, paired by seed.";
  program::Figure figure_1 = figure(e.study, "finding-1", "One pass over the data", seeds_note, "unique tokens",
                                    "validation loss, exact left to right [nats/token]");
  std::vector<program::PlotLine> lines;
  for (const char* family : families) lines.push_back({title_of(family, Tuning::tuned), {}});
  lines.push_back({"masked, tuned, its bound", {}, true});
  for (const Cell& cell : e.plan().cells) {
    if (cell.epochs != 1) continue;
    const auto ltr = losses(e, f, "ltr", cell, Tuning::tuned);
    const auto masked = losses(e, f, "masked", cell, Tuning::tuned);
    const auto unique = static_cast<double>(cell.unique_tokens);
    add_point(lines[0], unique, ltr);
    add_point(lines[1], unique, masked);
    add_point(lines[2], unique, losses(e, f, "masked", cell, Tuning::tuned, ComparedBy::own));
    f.evidence.push_back(program::over_seeds(
        fmt::format("masked - ltr, {} tokens [nats/token]", thousands(cell.unique_tokens)), minus(masked, ltr)));
  }
  f.verdict = judge(f.evidence);
  f.note = "Both families have their size and regularisation chosen by seed 0 at each budget.";
  figure_1.lines = std::move(lines);
  draw(e.study, f, figure_1);
  return f;
}

/// The frontier of a family at a budget: the best chosen setting so far, as passes grow.
program::PlotLine frontier_line(const Evaluated& e, const std::string& family, std::int64_t unique, bool dashed) {
  program::PlotLine line{fmt::format("{}, {} tokens", family, thousands(unique)), {}, dashed};
  std::vector<ordo::FrontierRun> runs;
  for (const Cell& cell : e.plan().cells) {
    if (cell.unique_tokens != unique) continue;
    const RunSettings setting = e.runs.chosen(family, cell, Tuning::tuned);
    const double loss = mean_of(e.runs.losses(setting)).mean;
    runs.push_back({e.runs.at(setting).flops_by_rule, loss, loss});
  }
  for (const ordo::FrontierPoint& p : ordo::frontier(runs)) line.points.push_back({p.flops, p.loss, std::nan("")});
  return line;
}

Finding much_compute(const Evaluated& e) {
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
  program::Figure figure_2 =
      figure(e.study, "finding-2", "The best loss that compute buys",
             "the best of sizes and regularisations so far; means of three seeds", "training compute [FLOPs, 6 N D]",
             "validation loss, exact left to right [nats/token]");
  bool still_falling = false;
  std::string against_plain;
  std::string epochs;
  for (const std::int64_t unique : e.plan().budgets) {
    std::vector<double> best[2];
    std::vector<double> plain[2];
    for (std::size_t i = 0; i < 2; ++i) {
      const Cell cell = e.runs.best_cell(families[i], unique, Tuning::tuned);
      best[i] = losses(e, f, families[i], cell, Tuning::tuned);
      plain[i] = losses(e, f, families[i], e.runs.best_cell(families[i], unique, Tuning::plain), Tuning::plain);
      if (i == 1) {
        (void)losses(e, f, families[i], cell, Tuning::tuned, ComparedBy::own);
        still_falling = still_falling || cell.epochs == e.runs.most_epochs(unique);
      }
      epochs += fmt::format("{}{} {} {:g}", i == 0 ? (epochs.empty() ? "" : "; ") : ", ",
                            i == 0 ? thousands(unique) + " tokens:" : "", families[i], cell.epochs);
      figure_2.lines.push_back(frontier_line(e, families[i], unique, i == 0));
    }
    f.evidence.push_back(program::over_seeds(fmt::format("ltr - masked, {} tokens [nats/token]", thousands(unique)),
                                             minus(best[0], best[1])));
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
std::vector<Cell> equal_compute(const program::FindingsPlan& plan) {
  std::vector<Cell> cells;
  for (const Cell& cell : plan.cells) {
    if (std::abs(cell.tokens() - plan.equal_tokens) < 0.5) cells.push_back(cell);
  }
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return a.epochs < b.epochs; });
  return cells;
}

Finding equal_compute_less_data(const Evaluated& e) {
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
      program::thousands(e.plan().equal_tokens));
  program::Figure figure_3 =
      figure(e.study, "finding-3", "Fewer unique tokens, the same compute", seeds_note,
             fmt::format("share of unique tokens in the {} that are seen", program::thousands(e.plan().equal_tokens)),
             "validation loss, exact left to right [nats/token]");
  std::map<double, std::vector<double>> rises[2];
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Tuning tuning : {Tuning::tuned, Tuning::plain}) {
      program::PlotLine line{title_of(families[i], tuning), {}, tuning == Tuning::plain};
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
    f.evidence.push_back(
        program::over_seeds(fmt::format("rise of ltr - rise of masked, {} [nats/token]", of_passes(cell.epochs)),
                            minus(rises[0][cell.epochs], rises[1][cell.epochs])));
    by += fmt::format("{}{}: ltr {:+.3f}, masked {:+.3f}", by.empty() ? "" : "; ", of_passes(cell.epochs),
                      mean_of(rises[0][cell.epochs]).mean, mean_of(rises[1][cell.epochs]).mean);
  }
  f.verdict = judge(f.evidence);
  f.note = fmt::format("Rises [nats/token]: {}.", by);
  draw(e.study, f, figure_3);
  return f;
}

Finding nearly_fresh(const Evaluated& e) {
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
      program::thousands(e.plan().equal_tokens), 100 * tolerance, few.epochs, many.epochs, many.epochs);
  program::Figure figure_4 = figure(e.study, "finding-4", "What repeats cost against new data", seeds_note,
                                    "passes over the unique tokens", "loss above that with nothing seen twice [%]");
  std::map<double, std::vector<double>> excess[2];  // plain
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Tuning tuning : {Tuning::tuned, Tuning::plain}) {
      program::PlotLine line{title_of(families[i], tuning), {}, tuning == Tuning::tuned};
      const std::vector<double> fresh = losses(e, f, families[i], cells.front(), tuning);
      for (const Cell& cell : cells) {
        std::vector<double> share = cell.epochs == 1 ? fresh : losses(e, f, families[i], cell, tuning);
        for (std::size_t s = 0; s < share.size(); ++s) share[s] = 100 * (share[s] / fresh[s] - 1);
        add_point(line, cell.epochs, share);
        if (tuning == Tuning::plain) excess[i][cell.epochs] = share;
      }
      figure_4.lines.push_back(std::move(line));
    }
  }
  const auto below = [&](std::vector<double> share, double sign) {
    for (double& x : share) x = sign * (100 * tolerance - x);
    return share;
  };
  f.evidence.push_back(program::over_seeds(fmt::format("2 % - excess of ltr, {} [%]", of_passes(few.epochs)),
                                           below(excess[0][few.epochs], 1)));
  f.evidence.push_back(program::over_seeds(fmt::format("excess of ltr - 2 %, {} [%]", of_passes(many.epochs)),
                                           below(excess[0][many.epochs], -1)));
  f.evidence.push_back(program::over_seeds(fmt::format("2 % - excess of masked, {} [%]", of_passes(many.epochs)),
                                           below(excess[1][many.epochs], 1)));
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

Finding half_life(const Evaluated& e) {
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
  options.starts = e.plan().quick ? 100 : 500;
  ordo::BootstrapOptions resample;
  resample.stop = e.stop;
  resample.resamples = e.plan().quick ? 100 : 1000;
  std::vector<ordo::FamilyLaw<Law>> laws;
  for (const char* family : families) {
    std::vector<RunRecord> own;
    for (const RunRecord& r : e.runs.records()) {
      if (r.settings.factorization == family) own.push_back(r);
    }
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
  program::Figure figure_5 =
      figure(e.study, "finding-5", "What passes are worth, by the fitted law",
             fmt::format("bars: 95 % intervals, {} resamples of clusters; dashed: every pass as good as new data",
                         resample.resamples),
             "passes over the unique tokens", "worth in passes over new data");
  figure_5.log_y = true;
  program::PlotLine perfect{"as good as new", {}, true};
  for (const ordo::FamilyLaw<Law>& law : laws) {
    program::PlotLine line{law.name, {}};
    for (double epochs = 1; epochs <= 1024; epochs *= 2) {
      const auto worth = [&](double reciprocal) {
        const double repeats = epochs - 1;
        return 1 + (reciprocal <= 0 ? repeats : -std::expm1(-repeats * reciprocal) / reciprocal);
      };
      std::vector<double> all;
      for (const auto& x : law.resamples.values) all.push_back(worth(x[Law::data]));
      const double low = ordo::quantile(all, 0.025);
      const double high = ordo::quantile(all, 0.975);
      line.points.push_back({epochs, worth(law.fit.values[Law::data]), std::nan("")});
      if (&law == &laws.front()) perfect.points.push_back({epochs, epochs, std::nan("")});
      f.rows.push_back({"worth [passes over new data]; fitted, low, high",
                        law.name,
                        "law",
                        0,
                        epochs,
                        {line.points.back().y, low, high}});
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

Finding critical(const Evaluated& e) {
  Finding f;
  f.number = 6;
  f.title = "Critical compute grows as a power of the unique tokens";
  f.claim = "Diffusion overtakes at a compute of 2.12 x 10^1.956 x U^2.174 FLOPs.";
  f.rule =
      "Crossings of the frontiers at each budget by the exact loss, and the power law through them, a budget without a "
      "crossing censored; resamples of windows and seeds. Reproduced if there are crossings at three budgets or more "
      "and the exponent's interval lies within 0.5 of 2.174; contradicted if that interval lies outside.";
  ordo::CriticalComputeOptions options;
  options.resamples = e.plan().quick ? 200 : 1000;
  std::vector<RunRecord> compared;
  for (const RunRecord& r : e.runs.records()) {
    const bool family = r.settings.factorization == "ltr" || r.settings.factorization == "masked";
    const bool budget = std::count(e.plan().budgets.begin(), e.plan().budgets.end(), r.settings.unique_tokens) > 0;
    if (family && budget) compared.push_back(r);
  }
  const ordo::CriticalCompute found = ordo::critical_compute(compared, options);
  program::Figure figure_6 = figure(e.study, "finding-6", "From which compute on diffusion is ahead",
                                    "a budget without a crossing shows the most compute that both families spent",
                                    "unique tokens", "training compute [FLOPs, 6 N D]");
  figure_6.log_y = true;
  program::PlotLine crossed{"crossing", {}};
  program::PlotLine beyond{"no crossing up to here", {}};
  program::PlotLine before{"ahead from here already", {}};
  program::PlotLine paper{"closed form of arXiv:2507.15857", {}, true};
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
                      {c.flops}});
    listed += fmt::format("{}{} tokens {}{:.2g}", listed.empty() ? "" : ", ", program::thousands(b.unique_tokens),
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
  f.note = fmt::format("{} of {} budgets have a crossing ({} FLOPs){}", crossings, found.budgets.size(), listed,
                       f.evidence.empty() ? ": the exponent is not known." : ".");
  for (program::PlotLine* line : {&crossed, &beyond, &before, &paper}) {
    if (!line->points.empty()) figure_6.lines.push_back(*line);
  }
  draw(e.study, f, figure_6);
  return f;
}

/// The best models of a family at a budget, seed 0's settings.
RunSettings best_setting(const Evaluated& e, const std::string& family, std::int64_t unique) {
  return e.runs.chosen(family, e.runs.best_cell(family, unique, Tuning::tuned), Tuning::tuned);
}

/// Reads the kept model of each seed, and gives of(model) for each.
template <class Of>
std::vector<double> of_models(const Evaluated& e, RunSettings setting, const Of& of) {
  std::vector<double> values;
  const ordo::Cpu backend(0);
  for (setting.seed = 0; setting.seed < e.plan().seeds; ++setting.seed) {
    if (e.stop.stop_requested()) throw ordo::Stopped("stopped");
    values.push_back(of(ordo::read_model(program::model_folder(e.study.sweep.out, setting), backend)));
  }
  return values;
}

struct TaskSet {
  std::string name;
  std::vector<ordo::ChoiceTask> tasks;
  bool greedy = false;
  double guessing = 0;
};

/// Written as files of the library's form, and read back from them.
std::vector<TaskSet> task_sets(const Evaluated& e) {
  if (!e.study.choices.empty()) {
    TaskSet own{e.study.choices.stem().string(), ordo::read_choice_tasks(e.study.choices)};
    for (const ordo::ChoiceTask& task : own.tasks) {
      own.guessing += 1 / static_cast<double>(task.choices.size()) / static_cast<double>(own.tasks.size());
    }
    return {own};
  }
  std::string text;
  std::vector<ordo::Token> window;
  const ordo::Windows& validation = e.data.validation();
  for (std::size_t w = 0; w < validation.size(); ++w) {
    validation.copy(w, window);
    text += e.data.decode(window);
  }
  program::TaskMaker maker(std::move(text), 1);
  std::vector<TaskSet> sets = {{"continuation", maker.continuations(e.plan().choice_tasks), false, 0.25},
                               {"word-order", maker.word_orders(e.plan().choice_tasks), false, 0.5},
                               {"next-word", maker.next_words(e.plan().choice_tasks), true, 0}};
  for (TaskSet& set : sets) {
    const std::filesystem::path file = e.study.out / (set.name + ".jsonl");
    program::write_choice_tasks(file, set.tasks);
    set.tasks = ordo::read_choice_tasks(file);
  }
  return sets;
}

Finding downstream(const Evaluated& e) {
  Finding f;
  f.number = 7;
  f.title = "Diffusion does better downstream";
  f.claim =
      "On the same data the best diffusion model answers multiple-choice questions better than the best "
      "autoregressive one (8 of 9 benchmarks).";
  f.rule =
      "At each unique budget: accuracy of the best tuned diffusion model minus that of the best tuned autoregression, "
      "in the mean over the tasks, paired by seed. Choices are scored by the exact likelihood, diffusion left to right "
      "with all later tokens hidden; next words by greedy decoding.";
  const std::vector<TaskSet> sets = task_sets(e);
  std::vector<program::Figure> figures;
  for (const TaskSet& set : sets) {
    figures.push_back(figure(e.study, "finding-7-" + program::file_name(set.name), "Accuracy: " + set.name, seeds_note,
                             "unique tokens", "right answers [%]"));
    for (const char* family : families) figures.back().lines.push_back({title_of(family, Tuning::tuned), {}});
    if (!set.greedy) figures.back().lines.push_back({"masked, tuned, by its bound", {}, true});
    if (set.guessing > 0) figures.back().lines.push_back({"guessing", {}, true});
  }
  for (const std::int64_t unique : e.plan().budgets) {
    std::vector<double> means[2] = {std::vector<double>(e.plan().seeds, 0.0), std::vector<double>(e.plan().seeds, 0.0)};
    const auto x = static_cast<double>(unique);
    for (std::size_t t = 0; t < sets.size(); ++t) {
      const TaskSet& set = sets[t];
      const auto accuracy = [&](const std::string& family, ordo::ChoiceMethod method) {
        const RunSettings setting = best_setting(e, family, unique);
        std::vector<double> seeds = of_models(e, setting, [&](const ordo::LoadedModel<ordo::Cpu>& model) {
          const ordo::EvaluateOptions how{.draws = e.plan().choice_draws, .seed = 1, .stop = e.stop};
          const auto policy = ordo::factorization_from_name(model.factorization).scored_as();
          const ordo::ChoiceScore score =
              ordo::score_choices(model.network, policy, model.codec, set.tasks, method, how);
          return 100 * score.accuracy.share();
        });
        f.rows.push_back({fmt::format("{}: right answers [%], {}", set.name, to_string(method)), family,
                          program::describe_setting(setting), unique, setting.epochs, seeds});
        return seeds;
      };
      for (std::size_t i = 0; i < 2; ++i) {
        const auto seeds =
            accuracy(families[i], set.greedy ? ordo::ChoiceMethod::greedy : ordo::ChoiceMethod::automatic);
        add_point(figures[t].lines[i], x, seeds);
        for (std::size_t s = 0; s < seeds.size(); ++s) means[i][s] += seeds[s] / static_cast<double>(sets.size());
      }
      if (!set.greedy) add_point(figures[t].lines[2], x, accuracy("masked", ordo::ChoiceMethod::bound));
      if (set.guessing > 0) figures[t].lines.back().points.push_back({x, 100 * set.guessing, std::nan("")});
    }
    f.evidence.push_back(program::over_seeds(
        fmt::format("masked - ltr, {} tokens, mean of {} tasks [%]", thousands(unique), sets.size()),
        minus(means[1], means[0])));
  }
  f.verdict = judge(f.evidence);
  f.note = e.study.choices.empty()
               ? fmt::format(
                     "{} tasks of each kind are made out of the validation text: which of four pieces goes on, which "
                     "of two has no two words swapped, what is the next word. They test a language model's feeling for "
                     "its text, not knowledge.",
                     e.plan().choice_tasks)
               : fmt::format("Tasks: {} in {}.", sets.front().tasks.size(), e.study.choices.filename().string());
  for (const program::Figure& each : figures) draw(e.study, f, each);
  return f;
}

/// The validation curve that a run left: epochs and losses.
std::vector<std::pair<double, double>> curve(const std::filesystem::path& file) {
  std::vector<std::pair<double, double>> points;
  const ordo::MappedFile mapped(file);
  const std::string_view text = mapped.text();
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const ordo::Json line = ordo::parse_json(text.substr(from, end - from), file.string());
    points.emplace_back(ordo::json_field<double>(line, "epoch", file.string()),
                        ordo::json_field<double>(line, "validation_nats_per_token", file.string()));
    from = end + 1;
  }
  return points;
}

Finding more_orderings(const Evaluated& e) {
  const program::FindingsPlan& plan = e.plan();
  const std::vector<std::string> all = plan.orderings_families();
  const std::string& most = all[all.size() - 2];
  Finding f;
  f.number = 8;
  f.title = "More orderings delay overfitting";
  f.claim =
      "Autoregression over N fixed orderings reaches a lower loss as N grows, and overfits later; 16 come close to "
      "diffusion.";
  f.rule = fmt::format(
      "{} unique tokens, {:g} passes, one size, the paper's regularisation, scored left to right: best loss of one "
      "ordering minus that of {}, and epochs to the best weights of {} minus those of one, paired by seed.",
      thousands(plan.orderings_cell.unique_tokens), plan.orderings_cell.epochs, most, most);
  program::Figure figure_8 =
      figure(e.study, "finding-8", "Validation loss over training, by the number of orderings",
             "means of three seeds; orderings are scored left to right, masked diffusion by its bound",
             "passes over the unique tokens", "validation loss [nats/token]");
  std::map<std::string, std::vector<double>> loss;
  std::map<std::string, std::vector<double>> best_epoch;
  std::string best;
  for (const std::string& family : all) {
    const RunSettings setting = plan.orderings_run(family, 0);
    loss[family] = e.runs.losses(setting);
    best_epoch[family] = e.runs.of_seeds(setting, [](const RunRecord& r) { return r.best_epoch; });
    const auto row = [&](const char* what, const std::vector<double>& seeds) {
      f.rows.push_back(
          {what, family, program::describe_setting(setting), setting.unique_tokens, setting.epochs, seeds});
    };
    row("exact loss [nats/token], plain", loss[family]);
    row("epochs to the best weights", best_epoch[family]);
    std::map<double, std::vector<double>> points;
    RunSettings one = setting;
    for (one.seed = 0; one.seed < plan.seeds; ++one.seed) {
      for (const auto& [epoch, nats] : curve(program::model_folder(e.study.sweep.out, one) / "metrics.jsonl")) {
        points[epoch].push_back(nats);
      }
    }
    program::PlotLine line{family == "ltr" ? "1 ordering (ltr)" : family, {}, family == "masked"};
    for (const auto& [epoch, nats] : points) {
      if (epoch >= 1) add_point(line, epoch, nats);
    }
    figure_8.lines.push_back(std::move(line));
    best += fmt::format("{}{} {:.3f} at epoch {:.0f}", best.empty() ? "" : ", ", family, mean_of(loss[family]).mean,
                        mean_of(best_epoch[family]).mean);
  }
  f.evidence.push_back(program::over_seeds(fmt::format("best loss of ltr - that of {} [nats/token]", most),
                                           minus(loss["ltr"], loss[most])));
  f.evidence.push_back(program::over_seeds(fmt::format("best epoch of {} - that of ltr [passes]", most),
                                           minus(best_epoch[most], best_epoch["ltr"])));
  f.verdict = judge(f.evidence);
  f.note = fmt::format("Best exact losses, left to right [nats/token]: {}.", best);
  draw(e.study, f, figure_8);
  return f;
}

/// What the best models' samples repeat of their training text, beside what a text by the same hand shares with it.
std::string memorised(const Evaluated& e) {
  const program::FindingsPlan& plan = e.plan();
  std::vector<FindingRow> rows;
  std::string table =
      "| unique tokens | family | passes | repeated [% of tokens] | longest piece [tokens] |\n|---|---|---|---|---|\n";
  program::Figure drawn =
      figure(e.study, "memorised", "How much of samples stands word for word in the training text",
             fmt::format("tokens in pieces of {} or more; {} samples of each of three seeds, bars: 95 % t-intervals",
                         plan.least_copy, plan.samples),
             "unique tokens", "repeated word for word [% of tokens]");
  program::PlotLine reference{"the validation text", {}, true};
  for (const char* family : families) drawn.lines.push_back({title_of(family, Tuning::tuned), {}});
  for (const std::int64_t unique : plan.budgets) {
    std::vector<ordo::Token> tokens;
    std::vector<ordo::Token> window;
    const ordo::Windows seen = e.data.train().first_tokens(unique);
    for (std::size_t w = 0; w < seen.size(); ++w) {
      seen.copy(w, window);
      tokens.insert(tokens.end(), window.begin(), window.end());
    }
    const ordo::SourceText source(std::move(tokens));
    const auto add = [&](const std::string& family, double epochs, const std::string& setting,
                         const std::vector<double>& shares, double longest) {
      const program::Mean mean = mean_of(shares);
      rows.push_back({"repeated [% of tokens]", family, setting, unique, epochs, shares});
      rows.push_back({"longest piece [tokens]", family, setting, unique, epochs, {longest}});
      table += fmt::format("| {} | {} | {} | {:.2f}{} | {:.0f} |\n", thousands(unique), family,
                           epochs > 0 ? fmt::format("{:g}", epochs) : "", mean.mean,
                           shares.size() > 1 ? fmt::format(" +- {:.2f}", mean.half_interval()) : "", longest);
    };
    for (std::size_t i = 0; i < 2; ++i) {
      const RunSettings setting = best_setting(e, families[i], unique);
      double longest = 0;
      const std::vector<double> shares = of_models(e, setting, [&](const ordo::LoadedModel<ordo::Cpu>& model) {
        ordo::GenerateOptions how;
        how.stop = e.stop;
        const auto policy = ordo::factorization_from_name(model.factorization);
        const auto samples = ordo::generate(model.network, policy, plan.samples, how);
        if (e.stop.stop_requested()) throw ordo::Stopped("stopped");
        const ordo::Copies found = ordo::find_copies(source, samples, plan.least_copy);
        longest = std::max(longest, static_cast<double>(found.longest));
        return 100 * found.share();
      });
      add(families[i], setting.epochs, program::describe_setting(setting), shares, longest);
      add_point(drawn.lines[i], static_cast<double>(unique), shares);
    }
    std::vector<std::vector<ordo::Token>> held_out;
    const ordo::Windows validation = e.data.validation().subset(plan.samples * plan.seeds, 1);
    for (std::size_t w = 0; w < validation.size(); ++w) {
      validation.copy(w, window);
      held_out.push_back(window);
    }
    const ordo::Copies found = ordo::find_copies(source, held_out, plan.least_copy);
    add("the validation text", 0, "", {100 * found.share()}, static_cast<double>(found.longest));
    reference.points.push_back({static_cast<double>(unique), 100 * found.share(), std::nan("")});
  }
  drawn.lines.push_back(std::move(reference));
  program::write_rows(e.study.out / "memorised.csv", rows);
  program::draw(e.study.out, drawn, "memorised.csv");
  return fmt::format(
      "## What the models repeat word for word\n\n{}![Repeated word for word](memorised.png)\n\n{}\nTokens of samples "
      "that lie in pieces of {} tokens or more which stand in the training text: the best tuned models, temperature "
      "1. The validation text, by the same author, shows what turns of phrase account for. Numbers: "
      "[memorised.csv](memorised.csv)\n",
      e.study.plan.quick ? fmt::format("**{}.**\n\n", stamp_text) : "", table, plan.least_copy);
}

/// The cells whose models of both families a finding needs.
std::vector<Cell> cells_of(const program::FindingsPlan& plan, int number) {
  if (number == 8) return {};
  std::vector<Cell> cells;
  for (const Cell& cell : plan.cells) {
    const bool one_pass = cell.epochs == 1;
    const bool equal = std::abs(cell.tokens() - plan.equal_tokens) < 0.5;
    if (number == 1 ? one_pass : number == 3 || number == 4 ? equal : true) cells.push_back(cell);
  }
  return cells;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

/// The runs that belong to the study, of all that stand in its folder.
std::vector<RunRecord> records_of(const Study& study, const std::vector<RunSettings>& wanted) {
  std::vector<RunRecord> own;
  for (RunRecord& record : ordo::read_run_records(study.sweep.out / "results.jsonl").runs) {
    if (std::find(wanted.begin(), wanted.end(), record.settings) != wanted.end()) own.push_back(std::move(record));
  }
  return own;
}

int findings(Study& study, const std::stop_token& stop) {
  if (study.text.data.empty()) {
    program::use_novels(study.text,
                        {"emma", "mansfield_park", "northanger_abbey", "pride_and_prejudice", "sense_and_sensibility"},
                        "findings");
  }
  const ordo::Dataset data = study.text.load(128);
  ordo::require(!data.validation().empty(), "findings",
                "there is no validation text: give --validation FILE or a share");
  study.plan.training_text = fmt::format("{:016x}", data.train().fingerprint());
  study.plan.validation_text = fmt::format("{:016x}", data.validation().fingerprint());
  const std::int64_t needed = static_cast<std::int64_t>(study.plan.equal_tokens);
  ordo::require(data.train().tokens() >= needed, "findings", "the training text has ", data.train().tokens(),
                " tokens, and the study needs ", needed, study.plan.quick ? "" : "; --quick needs fewer");
  if (!study.choices.empty()) (void)ordo::read_choice_tasks(study.choices);  // before hours of training
  const auto start = std::chrono::steady_clock::now();

  // What is to be trained: seed 0 of all settings first, then the other seeds of what it has chosen.
  std::vector<Cell> cells;
  for (const Cell& cell : study.plan.cells) {
    const bool asked = std::any_of(study.numbers.begin(), study.numbers.end(), [&](int number) {
      const std::vector<Cell> of = cells_of(study.plan, number);
      return std::any_of(of.begin(), of.end(), [&](const Cell& c) {
        return c.unique_tokens == cell.unique_tokens && c.epochs == cell.epochs;
      });
    });
    if (asked) cells.push_back(cell);
  }
  std::vector<RunSettings> wanted = study.plan.first_runs(cells);
  if (study.asks(8)) {
    for (const std::string& family : study.plan.orderings_families()) {
      for (std::uint64_t seed = 0; seed < study.plan.seeds; ++seed) {
        const RunSettings run = study.plan.orderings_run(family, seed);
        if (std::find(wanted.begin(), wanted.end(), run) == wanted.end()) wanted.push_back(run);
      }
    }
  }
  study.sweep.out = study.out / "runs";
  study.sweep.keep_models = true;
  program::say("the settings, by seed 0{}\n", study.plan.quick ? " (smoke test, not evidence)" : "");
  (void)program::run_sweep(study.sweep, wanted, data, stop);
  if (study.sweep.list) return 0;
  const auto missing = [&] { return records_of(study, wanted).size() < wanted.size(); };
  const auto wait = [&] {
    ordo::require(!missing(), "findings",
                  "other programs are at work on some of the runs; run this again when they are done");
  };
  wait();
  const program::FindingsRuns first(study.plan, records_of(study, wanted));
  for (const RunSettings& run : first.further_runs(cells)) {
    if (std::find(wanted.begin(), wanted.end(), run) == wanted.end()) wanted.push_back(run);
  }
  program::say("the other seeds of the chosen settings\n");
  (void)program::run_sweep(study.sweep, wanted, data, stop);
  wait();
  const program::FindingsRuns runs(study.plan, records_of(study, wanted));
  const Evaluated evaluated{study, data, runs, stop};

  using Maker = Finding (*)(const Evaluated&);
  constexpr Maker makers[] = {little_compute, much_compute, equal_compute_less_data, nearly_fresh, half_life,
                              critical,       downstream,   more_orderings};
  double flops = 0;
  double seconds = 0;
  std::set<std::string> commits;
  for (const RunRecord& r : runs.records()) {
    flops += r.flops_counted;
    seconds += r.seconds;
    commits.insert(r.commit);
  }
  std::string commit_list;
  for (const std::string& commit : commits) commit_list += (commit_list.empty() ? "" : ", ") + commit;
  std::string report = "# The findings of arXiv:2507.15857, at the scale of this machine\n\n";
  if (study.plan.quick) report += fmt::format("**{}.** `--quick` trains few and small models.\n\n", stamp_text);
  report += fmt::format(
      "- **Command**: `{}`\n- **Machine**: {} cores, {}\n- **Commit**: {} (models: {})\n- **Models**: {}, {:.2g} FLOPs "
      "(counted), {} of one core; {} unique tokens (bytes), validation on {} windows of 128\n\n",
      study.command, std::thread::hardware_concurrency(), processor(), ORDO_COMMIT, commit_list, runs.records().size(),
      flops, program::duration(seconds),
      fmt::format("{} to {}", thousands(study.plan.budgets.front()), thousands(study.plan.budgets.back())),
      study.sweep.windows);
  std::string summary = "| | finding | verdict |\n|---|---|---|\n";
  std::string sections;
  for (const int number : study.numbers) {
    Finding finding = makers[number - 1](evaluated);
    program::write_rows(study.out / (finding.file() + ".csv"), finding.rows);
    const std::string text = section(finding, study.stamp());
    ordo::write_file_atomically(study.out / (finding.file() + ".md"), text);
    sections += text + "\n";
    summary += fmt::format("| {} | {} | {} |\n", number, finding.title, to_string(finding.verdict));
    program::say("{}. {}: {}{}\n   {}\n", number, finding.title, to_string(finding.verdict),
                 study.plan.quick ? " (smoke test, not evidence)" : "", finding.note);
    std::fflush(stdout);
  }
  if (study.asks(7)) sections += memorised(evaluated);
  ordo::write_file_atomically(study.out / "findings.md", report + summary + "\n" + sections);
  program::say("wrote {} in {}\n", (study.out / "findings.md").string(),
               program::duration(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Tries the findings of arXiv:2507.15857 anew at the scale of this machine. 1: little compute, 2: much compute,\n"
      "3: equal compute and less data, 4: repeats against new data, 5: half-life of repeats, 6: critical compute,\n"
      "7: multiple choice (and what is repeated word for word), 8: orderings. Stopped, it goes on when started again.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  Study study;
  std::vector<std::string> asked = {"all"};
  bool quick = false;
  app.add_option("--finding", asked, "which ones: numbers from 1 to 8, or all")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::IsMember({"1", "2", "3", "4", "5", "6", "7", "8", "all"}))
      ->capture_default_str();
  app.add_option("--out", study.out, "folder for findings.md, figures, tables and models")->capture_default_str();
  app.add_flag("--quick", quick,
               "few and small models, in less than 15 minutes on two cores: a smoke test, no evidence");
  study.text.add_to(app, false, false);
  study.text.add_validation_to(app);
  app.add_option("--choices", study.choices, "multiple-choice tasks (.jsonl) for finding 7 instead of made ones");
  app.add_option("--jobs", study.sweep.jobs, "runs at a time, 0 for all cores [count]")->capture_default_str();
  app.add_flag("--list", study.sweep.list, "list what seed 0 trains, and train nothing");
  for (int i = 0; i < argc; ++i) study.command += (i == 0 ? "" : " ") + std::string(argv[i]);
  return program::run(app, argc, argv, [&] {
    study.plan = program::make_findings_plan(quick);
    study.sweep.evaluations = 16;
    for (int number = 1; number <= 8; ++number) {
      const bool all = std::find(asked.begin(), asked.end(), "all") != asked.end();
      if (all || std::find(asked.begin(), asked.end(), std::to_string(number)) != asked.end()) {
        study.numbers.push_back(number);
      }
    }
    return findings(study, signals.token());
  });
}
