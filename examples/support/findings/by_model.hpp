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
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/error.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/io/model_files.hpp>
#include <ordo/lab/copies.hpp>

#include "support/engine.hpp"
#include "support/findings/evaluated.hpp"
#include "support/findings/finding.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

/// The best models of a family at a budget, seed 0's settings.
inline RunSettings best_setting(const Evaluated& e, const std::string& family, std::int64_t unique) {
  return e.runs.chosen(family, e.runs.best_cell(family, unique, Tuning::tuned), Tuning::tuned);
}

/// Reads the kept model of each seed, and gives of(model) for each.
template <class Of>
inline std::vector<double> of_models(const Evaluated& e, const RunSettings& setting, const Of& of) {
  std::vector<double> values;
  const ordo::Cpu backend(0);
  for (const RunSettings& run : e.plan().reporting(setting)) {
    if (e.stop.stop_requested()) throw ordo::Stopped("stopped");
    values.push_back(of(ordo::read_model(model_folder(e.study.sweep.out, run), backend)));
  }
  return values;
}

inline Finding downstream(const Evaluated& e) {
  Finding f;
  f.number = 7;
  f.title = "Diffusion does better downstream";
  f.claim =
      "On the same data the best diffusion model answers multiple-choice questions better than the best "
      "autoregressive one (8 of 9 benchmarks).";
  f.rule =
      "At each unique budget: accuracy of the best tuned diffusion model minus that of the best tuned autoregression, "
      "in the mean over the tasks, paired by seed. Choices are scored by the exact likelihood, diffusion left to right "
      "with all later tokens hidden; next words by greedy decoding. Intervals hold the luck of seeds and of tasks.";
  const std::vector<TaskSet>& sets = e.tasks;
  std::vector<Figure> figures;
  for (const TaskSet& set : sets) {
    figures.push_back(figure(e.study, "finding-7-" + file_name(set.name), "Accuracy: " + set.name, seeds_note,
                             "unique tokens", "right answers [%]"));
    figures.back().x_ticks = budget_ticks(e.plan());
    for (const char* family : families) figures.back().lines.push_back({title_of(family, Tuning::tuned), {}});
    if (!set.greedy) figures.back().lines.push_back({"masked, tuned, by its bound", {}, true});
    if (set.guessing > 0) figures.back().lines.push_back({"guessing", {}, true});
  }
  for (const std::int64_t unique : e.plan().budgets) {
    std::vector<double> means[2] = {std::vector<double>(e.plan().seeds, 0.0), std::vector<double>(e.plan().seeds, 0.0)};
    const auto x = static_cast<double>(unique);
    double luck = 0;  // variance of the difference of means by the choice of tasks, taken as if they were not the same
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
        const double right = mean_of(seeds).mean;
        luck += share * share * right * (100 - right) / static_cast<double>(set.tasks.size());
      }
      if (!set.greedy) add_point(figures[t].lines[2], x, accuracy("masked", ordo::ChoiceMethod::bound));
      if (set.guessing > 0) figures[t].lines.back().points.push_back({x, 100 * set.guessing, std::nan("")});
    }
    const Mean gap = mean_of(minus(means[1], means[0]));
    const double half = std::hypot(gap.half_interval(), 1.96 * std::sqrt(luck));
    f.evidence.push_back({fmt::format("masked - ltr, {} tokens, mean of {} kind{} of task [%]", thousands(unique),
                                      sets.size(), sets.size() == 1 ? "" : "s"),
                          gap.mean, gap.mean - half, gap.mean + half});
  }
  f.verdict = judge(f.evidence);
  f.note = e.study.choices.empty()
               ? fmt::format(
                     "{} tasks of each kind are made out of the validation text: which of four pieces goes on, which "
                     "of two has no two words swapped, what is the next word. They test a language model's feeling for "
                     "its text, not knowledge.",
                     e.plan().choice_tasks)
               : fmt::format("Tasks: {} in {}.", sets.front().tasks.size(), e.study.choices.filename().string());
  for (const Figure& each : figures) draw(e.study, f, each);
  return f;
}

/// The validation curve that a run left: epochs and losses.
inline std::vector<std::pair<double, double>> curve(const std::filesystem::path& file) {
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
  ordo::require(!points.empty(), "findings", file.string(), " has no point");
  return points;
}

inline Finding more_orderings(const Evaluated& e) {
  const FindingsPlan& plan = e.plan();
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
      "ordering minus that of {}, and epochs to the best weights of {} minus those of one, paired by seed. Best "
      "weights "
      "at the end of training are a lower bound of that epoch, and leave the interval open to that side.",
      thousands(plan.orderings_budget), plan.orderings_epochs, most, most);
  Figure figure_8 = figure(e.study, "finding-8", "Validation loss over training, by the number of orderings",
                           "means over seeds; orderings are scored left to right, masked diffusion by its bound",
                           "passes over the unique tokens", "validation loss [nats/token]");
  std::map<std::string, std::vector<double>> best_epoch;
  std::string best;
  std::string rise;
  for (const std::string& family : all) {
    const RunSettings setting = plan.orderings_setting(family);
    const std::vector<double> loss = e.runs.losses(setting);
    best_epoch[family] = e.runs.of_seeds(setting, [](const RunRecord& r) { return r.best_epoch; });
    const auto row = [&](const char* what, const std::vector<double>& seeds) {
      f.rows.push_back(
          row_of_seeds(what, family, describe_setting(setting), setting.unique_tokens, setting.epochs, seeds));
    };
    row("exact loss of the best weights [nats/token], plain", loss);
    row("epochs to the best weights", best_epoch[family]);
    std::map<double, std::vector<double>> points;
    std::vector<double> least;
    std::vector<double> last;
    for (const RunSettings& one : plan.reporting(setting)) {
      const auto seen = curve(model_folder(e.study.sweep.out, one) / "metrics.jsonl");
      for (const auto& [epoch, nats] : seen) points[epoch].push_back(nats);
      const auto lower = [](const auto& a, const auto& b) { return a.second < b.second; };
      least.push_back(std::min_element(seen.begin(), seen.end(), lower)->second);
      last.push_back(seen.back().second);
    }
    const std::string by = family == "masked" ? "bound" : "exact";
    row(("curve at its best [nats/token], " + by).c_str(), least);
    row(("curve at the end of training [nats/token], " + by).c_str(), last);
    PlotLine line{family == "ltr" ? "1 ordering (ltr)" : family, {}, family == "masked"};
    for (const auto& [epoch, nats] : points) {
      if (epoch >= 1) add_point(line, epoch, nats);
    }
    figure_8.lines.push_back(std::move(line));
    best += fmt::format("{}{} {:.3f} at epoch {:.0f}", best.empty() ? "" : ", ", family, mean_of(loss).mean,
                        mean_of(best_epoch[family]).mean);
    rise += fmt::format("{}{} {:+.3f}", rise.empty() ? "" : ", ", family, mean_of(minus(last, least)).mean);
  }
  f.evidence.push_back(judged(
      e, fmt::format("best loss of ltr - that of {} [nats/token]", most),
      [&](const auto& loss) { return loss(plan.orderings_setting("ltr")) - loss(plan.orderings_setting(most)); }));
  Evidence delay = over_seeds(fmt::format("best epoch of {} - that of ltr [passes]", most),
                              minus(best_epoch[most], best_epoch["ltr"]));
  const auto at_the_end = [&](const std::string& family) {
    return std::any_of(best_epoch[family].begin(), best_epoch[family].end(),
                       [&](double epoch) { return epoch >= plan.orderings_epochs * (1 - 1e-9); });
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (at_the_end(most)) delay.high = infinity;
  if (at_the_end("ltr")) delay.low = -infinity;
  f.evidence.push_back(delay);
  f.verdict = judge(f.evidence);
  f.note = fmt::format(
      "Best exact losses, left to right [nats/token]: {}. How far the curve has risen from its best to the end of "
      "training: {}.",
      best, rise);
  draw(e.study, f, figure_8);
  return f;
}

/// What the best models' samples repeat of their training text, beside what a text by the same hand shares with it.
inline std::string memorised(const Evaluated& e) {
  const FindingsPlan& plan = e.plan();
  std::vector<FindingRow> rows;
  std::string table =
      "| unique tokens | family | passes | repeated [% of tokens] | longest piece [tokens] |\n|---|---|---|---|---|\n";
  Figure drawn = figure(e.study, "memorised", "How much of samples stands word for word in the training text",
                        fmt::format("tokens in pieces of {} or more; {} samples of each seed, bars: 95 % t-intervals",
                                    plan.least_copy, plan.samples),
                        "unique tokens", "repeated word for word [% of tokens]");
  drawn.x_ticks = budget_ticks(plan);
  PlotLine reference{"the validation text", {}, true};
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
      add(families[i], setting.epochs, describe_setting(setting), shares, longest);
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
  write_rows(e.study.out / "memorised.csv", rows);
  draw(e.study.out, drawn, "memorised.csv");
  return fmt::format(
      "## What the models repeat word for word\n\n{}![Repeated word for word](memorised.png)\n\n{}\nTokens of samples "
      "that lie in pieces of {} tokens or more which stand in the training text: the best tuned models, temperature "
      "1. The validation text, by the same author, shows what turns of phrase account for. Numbers: "
      "[memorised.csv](memorised.csv)\n",
      !e.plan().evidence ? fmt::format("**{}.**\n\n", stamp_text) : "", table, plan.least_copy);
}

}  // namespace program
