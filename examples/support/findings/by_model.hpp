#pragma once
// Findings 7 and 8, and what models repeat word for word: what the models themselves say.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/error.hpp>
#include <ordo/io/model_files.hpp>
#include <ordo/lab/copies.hpp>
#include <ordo/train/run_directory.hpp>

#include "support/engine.hpp"
#include "support/findings/finding.hpp"
#include "support/findings/inputs.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

/// The best models of a family at a budget, seed 0's settings.
inline RunSettings best_setting(const FindingInputs& in, const std::string& family, std::int64_t unique) {
  return in.runs.chosen(family, in.runs.best_cell(family, unique, Tuning::tuned), Tuning::tuned);
}

/// Reads the kept model of each seed, and gives of(model) for each.
template <class Of>
inline std::vector<double> of_models(const FindingInputs& in, const RunSettings& setting, const Of& of) {
  std::vector<double> values;
  const auto device = in.device.open();
  for (const RunSettings& run : in.plan.reporting(setting)) {
    if (in.stop.stop_requested()) throw ordo::Stopped("stopped");
    values.push_back(of(device->read(model_folder(in.models, run))));
  }
  return values;
}

inline Finding downstream(const FindingInputs& in) {
  Finding f;
  f.title = "Diffusion does better downstream";
  f.claim =
      "On the same data the best diffusion model answers multiple-choice questions better than the best "
      "autoregressive one (8 of 9 benchmarks).";
  f.rule =
      "At each unique budget: accuracy of the best tuned diffusion model minus that of the best tuned autoregression, "
      "in the mean over the tasks, paired by seed. Choices are scored by the exact likelihood, diffusion left to right "
      "with all later tokens hidden; next words by greedy decoding. Intervals hold the luck of seeds and of tasks.";
  const std::vector<TaskSet>& sets = in.tasks;
  std::vector<Figure> figures;
  for (const TaskSet& set : sets) {
    figures.push_back(figure(in.plan, "finding-7-" + file_name(set.name), "Accuracy: " + set.name, seeds_note,
                             "unique tokens", "right answers [%]"));
    figures.back().x_ticks = budget_ticks(in.plan);
    for (const char* family : families) figures.back().lines.push_back({title_of(family, Tuning::tuned), {}});
    if (!set.greedy) figures.back().lines.push_back({"masked, tuned, by its bound", {}, true});
    if (set.guessing > 0) figures.back().lines.push_back({"guessing", {}, true});
  }
  for (const std::int64_t unique : in.plan.budgets) {
    std::vector<double> means[2] = {std::vector<double>(in.plan.seeds, 0.0), std::vector<double>(in.plan.seeds, 0.0)};
    const auto x = static_cast<double>(unique);
    // Variance of the gap by the draw of tasks [%^2]: binomial for each family (two right and two wrong answers added,
    // as in Agresti and Coull 1998), as if they had answered different tasks. They answered the same, so it is too
    // wide.
    double luck = 0;
    for (std::size_t t = 0; t < sets.size(); ++t) {
      const TaskSet& set = sets[t];
      const auto accuracy = [&](const std::string& family, ordo::ChoiceMethod method) {
        const RunSettings setting = best_setting(in, family, unique);
        std::vector<double> seeds = of_models(in, setting, [&](const StoredModel& stored) {
          const ordo::EvaluateOptions how{.draws = in.plan.choice_draws, .seed = 1, .stop = in.stop};
          const auto policy = stored.model->factorization().scored_as();
          const ordo::ChoiceScore score = stored.model->score_choices(policy, stored.codec, set.tasks, method, how);
          return 100 * score.accuracy.share();
        });
        f.rows.push_back(row_of_seeds(fmt::format("{}: right answers [%], {}", set.name, to_string(method)), family,
                                      describe_setting(setting), unique, setting.epochs, seeds));
        return seeds;
      };
      for (std::size_t i = 0; i < 2; ++i) {
        const auto seeds =
            accuracy(families[i], set.greedy ? ordo::ChoiceMethod::greedy : ordo::ChoiceMethod::automatic);
        add_point(figures[t].lines[i], x, seeds);
        const auto share = 1 / static_cast<double>(sets.size());
        for (std::size_t s = 0; s < seeds.size(); ++s) means[i][s] += share * seeds[s];
        const auto count = static_cast<double>(set.tasks.size());
        const double right = (mean_of(seeds).mean * count + 200) / (count + 4);
        luck += share * share * right * (100 - right) / (count + 4);
      }
      if (!set.greedy) add_point(figures[t].lines[2], x, accuracy(diffusion, ordo::ChoiceMethod::bound));
      if (set.guessing > 0) figures[t].lines.back().points.push_back({x, 100 * set.guessing});
    }
    const Mean gap = mean_of(minus(means[1], means[0]));
    f.evidence.push_back(evidence(fmt::format("masked - ltr, {} tokens, mean of {} kind{} of task [%]",
                                              thousands(unique), sets.size(), sets.size() == 1 ? "" : "s"),
                                  gap.mean, std::hypot(gap.half_interval(), normal_95 * std::sqrt(luck))));
  }
  f.note = in.own_tasks ? fmt::format("{} tasks of the user's own.", sets.front().tasks.size())
                        : fmt::format(
                              "{} tasks of each kind are made out of the validation text: which of four pieces goes "
                              "on, which of two has no two words swapped, what is the next word. They test a language "
                              "model's feeling for its text, not knowledge.",
                              in.plan.choice_tasks);
  f.figures = std::move(figures);
  return f;
}

/// An epoch that a curve found best, and its neighbours on the curve: the true best lies between these. At the end of
/// training there is none behind.
struct BestEpoch {
  double epoch = 0;
  double before = 0;
  double behind = 0;
};

/// How much later the best epochs of `later` are than those of `sooner`, paired by seed. The interval holds the luck of
/// seeds, by Student's t, and the steps of the curves; where a best epoch is the last, the least difference stands for
/// all, and the interval is open to the side where more training could move it.
[[nodiscard]] inline Evidence delay(std::string what, const std::vector<BestEpoch>& later,
                                    const std::vector<BestEpoch>& sooner) {
  std::vector<double> middle;
  std::vector<double> least;
  std::vector<double> most;
  bool cut = false;
  for (std::size_t s = 0; s < later.size(); ++s) {
    middle.push_back(later[s].epoch - sooner[s].epoch);
    least.push_back(later[s].before - sooner[s].behind);
    most.push_back(later[s].behind - sooner[s].before);
    cut = cut || std::isinf(later[s].behind) || std::isinf(sooner[s].behind);
  }
  if (cut) {
    return {std::move(what), mean_of(middle).mean, *std::min_element(least.begin(), least.end()),
            *std::max_element(most.begin(), most.end())};
  }
  return {std::move(what), mean_of(middle).mean, mean_of(least).low(), mean_of(most).high()};
}

inline Finding more_orderings(const FindingInputs& in) {
  const FindingsPlan& plan = in.plan;
  const std::vector<std::string> all = plan.orderings_families();
  const std::string& most = all[all.size() - 2];
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Finding f;
  f.title = "More orderings delay overfitting";
  f.claim =
      "Autoregression over N fixed orderings reaches a lower loss as N grows, and overfits later; 16 come close to "
      "diffusion.";
  f.rule = fmt::format(
      "{} unique tokens, {:g} passes, one size, the paper's regularisation, scored left to right: best loss of one "
      "ordering minus that of {}, and epochs to the best weights of {} minus those of one, paired by seed; the "
      "latter's interval also holds the steps between evaluations, and is open where the last one is the best.",
      thousands(plan.orderings_budget), plan.orderings_epochs, most, most);
  Figure figure_8 = figure(in.plan, "finding-8", "Validation loss over training, by the number of orderings",
                           "means over seeds; orderings are scored left to right, masked diffusion by its bound",
                           "passes over the unique tokens", "validation loss [nats/token]");
  std::map<std::string, std::vector<BestEpoch>> best;
  std::vector<std::string> listed;
  std::vector<std::string> rise;
  for (const std::string& family : all) {
    const RunSettings setting = plan.orderings_setting(family);
    const std::vector<double> loss = in.runs.losses(setting);
    const std::vector<double> best_epoch = in.runs.of_seeds(setting, [](const RunRecord& r) { return r.best_epoch; });
    const auto row = [&](const std::string& what, const std::vector<double>& seeds) {
      f.rows.push_back(
          row_of_seeds(what, family, describe_setting(setting), setting.unique_tokens, setting.epochs, seeds));
    };
    row("exact loss of the best weights [nats/token], as in the paper", loss);
    row("epochs to the best weights", best_epoch);
    std::map<double, std::vector<double>> points;
    std::vector<double> least;
    std::vector<double> last;
    for (const RunSettings& one : plan.reporting(setting)) {
      const std::filesystem::path file = model_folder(in.models, one) / "metrics.jsonl";
      const std::vector<ordo::EvaluationReport> curve = ordo::read_evaluations(file);
      ordo::require(!curve.empty(), "findings", file.string(), " has no evaluation");
      std::size_t lowest = 0;
      for (std::size_t i = 0; i < curve.size(); ++i) {
        const double nats = curve[i].score.nats_per_token;
        points[curve[i].epoch].push_back(nats);
        if (nats < curve[lowest].score.nats_per_token) lowest = i;
      }
      least.push_back(curve[lowest].score.nats_per_token);
      last.push_back(curve.back().score.nats_per_token);
      best[family].push_back({curve[lowest].epoch, lowest > 0 ? curve[lowest - 1].epoch : 0,
                              lowest + 1 < curve.size() ? curve[lowest + 1].epoch : infinity});
    }
    const std::string by = family == diffusion ? "bound" : "exact";
    row("curve at its best [nats/token], " + by, least);
    row("curve at the end of training [nats/token], " + by, last);
    PlotLine line{family == autoregression ? "1 ordering (ltr)" : family, {}, family == diffusion};
    for (const auto& [epoch, nats] : points) {
      if (epoch >= 1) add_point(line, epoch, nats);
    }
    figure_8.lines.push_back(std::move(line));
    listed.push_back(fmt::format("{} {:.3f} at epoch {:.0f}", family, mean_of(loss).mean, mean_of(best_epoch).mean));
    rise.push_back(fmt::format("{} {:+.3f}", family, mean_of(minus(last, least)).mean));
  }
  f.evidence.push_back(
      evidence_of_losses(in, fmt::format("best loss of ltr - that of {} [nats/token]", most), [&](const auto& loss) {
        return loss(plan.orderings_setting(autoregression)) - loss(plan.orderings_setting(most));
      }));
  f.evidence.push_back(
      delay(fmt::format("best epoch of {} - that of ltr [passes]", most), best[most], best[autoregression]));
  f.note = fmt::format(
      "Best exact losses, left to right [nats/token]: {}. How far the curve has risen from its best to the end of "
      "training: {}.",
      joined(listed), joined(rise));
  f.figures.push_back(std::move(figure_8));
  return f;
}

/// What stands behind a finding on its page, with a table and a figure of its own.
struct Appendix {
  std::string name;  ///< of its files
  std::string text;
  std::vector<FindingRow> rows;
  Figure figure;
};

/// What the best models' samples repeat of their training text, beside what the validation text shares with it.
inline Appendix memorised(const FindingInputs& in) {
  const FindingsPlan& plan = in.plan;
  std::vector<FindingRow> rows;
  std::string table =
      "| unique tokens | family | passes | repeated [% of tokens] | longest piece [tokens] |\n|---|---|---|---|---|\n";
  Figure drawn = figure(in.plan, "memorised", "How much of samples stands word for word in the training text",
                        fmt::format("tokens in pieces of {} or more; {} samples of each seed, bars: 95 % t-intervals",
                                    plan.least_copy, plan.samples),
                        "unique tokens", "repeated word for word [% of tokens]");
  drawn.x_ticks = budget_ticks(plan);
  PlotLine reference{"the validation text", {}, true};
  for (const char* family : families) drawn.lines.push_back({title_of(family, Tuning::tuned), {}});
  for (const std::int64_t unique : plan.budgets) {
    std::vector<ordo::Token> tokens;
    std::vector<ordo::Token> window;
    const ordo::Windows seen = in.data.train().first_tokens(unique);
    for (std::size_t w = 0; w < seen.size(); ++w) {
      seen.copy(w, window);
      tokens.insert(tokens.end(), window.begin(), window.end());
    }
    const ordo::SourceText source(std::move(tokens));
    const double nan = std::nan("");
    const auto add = [&](const std::string& family, double epochs, const std::string& setting,
                         const std::vector<double>& shares, double longest) {
      const Mean mean = mean_of(shares);
      rows.push_back(row_of_seeds("repeated [% of tokens]", family, setting, unique, epochs, shares));
      rows.push_back({"longest piece [tokens]", family, setting, unique, epochs, longest, nan, nan, {}});
      table += fmt::format("| {} | {} | {} | {:.2f}{} | {:.0f} |\n", thousands(unique), family,
                           epochs > 0 ? fmt::format("{:g}", epochs) : "", mean.mean,
                           shares.size() > 1 ? fmt::format(" +- {:.2f}", mean.half_interval()) : "", longest);
    };
    for (std::size_t i = 0; i < 2; ++i) {
      const RunSettings setting = best_setting(in, families[i], unique);
      double longest = 0;
      const std::vector<double> shares = of_models(in, setting, [&](const StoredModel& stored) {
        ordo::GenerateOptions how;
        how.stop = in.stop;
        const auto samples = stored.model->generate(stored.model->factorization(), plan.samples, how);
        if (in.stop.stop_requested()) throw ordo::Stopped("stopped");
        const ordo::Copies found = ordo::find_copies(source, samples, plan.least_copy);
        longest = std::max(longest, static_cast<double>(found.longest));
        return 100 * found.share();
      });
      add(families[i], setting.epochs, describe_setting(setting), shares, longest);
      add_point(drawn.lines[i], static_cast<double>(unique), shares);
    }
    std::vector<std::vector<ordo::Token>> held_out;
    const ordo::Windows validation = in.data.validation().subset(plan.samples * plan.seeds, 1);
    for (std::size_t w = 0; w < validation.size(); ++w) {
      validation.copy(w, window);
      held_out.push_back(window);
    }
    const ordo::Copies found = ordo::find_copies(source, held_out, plan.least_copy);
    add("the validation text", 0, "", {100 * found.share()}, static_cast<double>(found.longest));
    reference.points.push_back({static_cast<double>(unique), 100 * found.share()});
  }
  drawn.lines.push_back(std::move(reference));
  std::string text = fmt::format(
      "## What the models repeat word for word\n\n{}![Repeated word for word](memorised.png)\n\n{}\nTokens of samples "
      "that lie in pieces of {} tokens or more which stand in the training text: the best tuned models, temperature "
      "1. The validation text, which was not trained on, shows what turns of phrase account for. Numbers: "
      "[memorised.csv](memorised.csv)\n",
      stamp_line(plan), table, plan.least_copy);
  return {"memorised", std::move(text), std::move(rows), std::move(drawn)};
}

}  // namespace program
