#pragma once
// The study of `interpolate`: which models to train, what is known of each run, and the figures, one for a question.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/error.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/io/json_file.hpp>

#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

/// A way to train: a factorization, and how strongly it is regularised.
struct Recipe {
  std::string factorization;
  double weight_decay = 0.1;
  double dropout = 0.1;

  friend bool operator==(const Recipe&, const Recipe&) = default;
};

/// One trained model.
struct StudyRun {
  Recipe recipe;
  int repeats = 1;  ///< passes over the unique tokens
  std::uint64_t seed = 0;
  double best_epoch = 0;
  double best = 0;           ///< own score of the best weights [nats/token]
  double best_error = 0;     ///< standard error
  std::string claim;         ///< of the own score: exact, or bound
  std::string scored_as;     ///< the policy of the own score
  double last = 0;           ///< own score at the end, on the windows of the curve
  double left_to_right = 0;  ///< exact score of the best weights on the common windows, left to right [nats/token]
  double certainty = 0;      ///< the same as a sampler that reveals the most certain token first; NaN: it has none
  double exact_error = 0;    ///< standard error over texts, of the exact score that is plotted
  double seconds = 0;        ///< of the process that ended it
  std::string backend;       ///< by its name: device and precision; the host's where a log does not say

  [[nodiscard]] bool same_model(const Recipe& r, int times, std::uint64_t with_seed) const {
    return recipe == r && repeats == times && seed == with_seed;
  }
};

inline ordo::Json to_json(const StudyRun& r) {
  return {{"factorization", r.recipe.factorization},
          {"weight_decay", r.recipe.weight_decay},
          {"dropout", r.recipe.dropout},
          {"repeats", r.repeats},
          {"seed", r.seed},
          {"best_epoch", r.best_epoch},
          {"best", r.best},
          {"best_error", r.best_error},
          {"claim", r.claim},
          {"scored_as", r.scored_as},
          {"last", r.last},
          {"left_to_right", r.left_to_right},
          {"certainty", r.certainty},
          {"exact_error", r.exact_error},
          {"seconds", r.seconds},
          {"backend", r.backend}};
}

inline StudyRun run_from_json(const ordo::Json& j, const std::string& file) {
  using ordo::json_field;
  const auto number = [&](const char* key) {
    const bool unknown = j.contains(key) && j.at(key).is_null();
    return unknown ? std::numeric_limits<double>::quiet_NaN() : json_field<double>(j, key, file);
  };
  StudyRun r;
  r.recipe = {json_field<std::string>(j, "factorization", file), number("weight_decay"), number("dropout")};
  r.repeats = json_field<int>(j, "repeats", file);
  r.seed = json_field<std::uint64_t>(j, "seed", file);
  r.best_epoch = number("best_epoch");
  r.best = number("best");
  r.best_error = number("best_error");
  r.claim = json_field<std::string>(j, "claim", file);
  r.scored_as = json_field<std::string>(j, "scored_as", file);
  r.last = number("last");
  r.left_to_right = number("left_to_right");
  r.certainty = number("certainty");
  r.exact_error = number("exact_error");
  r.seconds = number("seconds");
  r.backend = j.contains("backend") ? json_field<std::string>(j, "backend", file) : "cpu";
  return r;
}

/// The runs of a log, one JSON object a line; a last line that was cut short by a crash is left out. `bytes` is how
/// much of the file is whole.
inline std::vector<StudyRun> read_runs(const std::filesystem::path& path, std::uint64_t& bytes) {
  bytes = 0;
  std::vector<StudyRun> runs;
  if (!std::filesystem::exists(path) || std::filesystem::file_size(path) == 0) return runs;
  const ordo::MappedFile file(path);
  const std::string_view text = file.text();
  for (std::size_t from = 0, line = 1; from < text.size(); ++line) {
    const std::size_t end = text.find('\n', from);
    if (end == std::string_view::npos) break;
    const std::string name = fmt::format("{}, line {},", path.string(), line);
    StudyRun run = run_from_json(ordo::parse_json(text.substr(from, end - from), name), name);
    for (const StudyRun& known : runs) {
      ordo::require(!known.same_model(run.recipe, run.repeats, run.seed), "interpolate", name, " repeats the run of ",
                    run.recipe.factorization, " with ", run.repeats, " repeats and seed ", run.seed);
    }
    runs.push_back(std::move(run));
    from = end + 1;
    bytes = from;
  }
  return runs;
}

/// A row for each run.
inline void write_study(const std::filesystem::path& path, const std::vector<StudyRun>& runs) {
  std::string text =
      "factorization,weight_decay,dropout,repeats,seed,best_epoch,best_nats_per_token,best_error,claim,scored_as,"
      "last_nats_per_token,left_to_right_nats_per_token,certainty_nats_per_token,exact_error,seconds,backend\n";
  for (const StudyRun& r : runs) {
    text += fmt::format("{},{},{},{},{},{:.3f},{:.6f},{:.6f},{},{},{:.6f},{:.6f},{:.6f},{:.6f},{:.1f},\"{}\"\n",
                        r.recipe.factorization, r.recipe.weight_decay, r.recipe.dropout, r.repeats, r.seed,
                        r.best_epoch, r.best, r.best_error, r.claim, r.scored_as, r.last, r.left_to_right, r.certainty,
                        r.exact_error, r.seconds, r.backend);
  }
  ordo::write_file_atomically(path, text);
}

/// A score of a run. `exact` is the one by which models are ranked: left to right where the model was trained to
/// predict one token after the other, else by certainty, as its sampler reveals.
enum class Which { own, left_to_right, certainty, exact };

[[nodiscard]] inline bool trained_left_to_right(const Recipe& r) {
  return r.factorization.find("ltr") != std::string::npos || r.factorization.find("orderings") != std::string::npos;
}
[[nodiscard]] inline double score_of(const StudyRun& r, Which which) {
  if (which == Which::own) return r.best;
  if (which == Which::exact) which = trained_left_to_right(r.recipe) ? Which::left_to_right : Which::certainty;
  return which == Which::certainty ? r.certainty : r.left_to_right;
}

/// A number of a recipe with half of its bar: NaN where it is not known.
struct Estimate {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double half_bar = std::numeric_limits<double>::quiet_NaN();
};

/// Over all seeds, with the 95 % t-interval; one seed has none.
inline Estimate over_seeds(const std::vector<StudyRun>& runs, const Recipe& recipe, int repeats, Which which) {
  std::vector<double> values;
  for (const StudyRun& r : runs) {
    if (r.recipe == recipe && r.repeats == repeats) values.push_back(score_of(r, which));
  }
  const Mean mean = mean_of(values);
  return {mean.mean, mean.half_interval()};
}

/// Of the model of seed 0, with twice the score's standard error over texts; NaN where there is no such model.
inline Estimate of_first_seed(const std::vector<StudyRun>& runs, const Recipe& recipe, int repeats, Which which) {
  for (const StudyRun& r : runs) {
    if (!r.same_model(recipe, repeats, 0)) continue;
    return {score_of(r, which), 2 * (which == Which::own ? r.best_error : r.exact_error)};
  }
  return {};
}

/// What the study asks of one family of factorizations that differ in a number.
struct Question {
  std::string name;  ///< of the figure's files
  std::string title;
  std::string x_label;
  bool log_x = false;
  Which which = Which::exact;
  std::vector<double> x;
  std::vector<Recipe> recipes;  ///< one for each x
};

struct Study {
  std::vector<int> repeats;
  std::vector<Question> questions;
  std::vector<Recipe> tuned;  ///< left to right under several regularisations, the plain one first

  /// Every recipe once, in the order of the questions.
  [[nodiscard]] std::vector<Recipe> recipes() const {
    std::vector<Recipe> all;
    const auto add = [&](const Recipe& r) {
      if (std::find(all.begin(), all.end(), r) == all.end()) all.push_back(r);
    };
    for (const Question& q : questions) {
      for (const Recipe& r : q.recipes) add(r);
    }
    for (const Recipe& r : tuned) add(r);
    return all;
  }

  /// The regularisation of left to right whose model of seed 0 scored best at this number of repeats: chosen once, so
  /// that later seeds do not change the choice.
  [[nodiscard]] const Recipe& best_tuned(const std::vector<StudyRun>& runs, int times) const {
    return *std::min_element(tuned.begin(), tuned.end(), [&](const Recipe& a, const Recipe& b) {
      const double of_a = of_first_seed(runs, a, times, Which::own).mean;
      const double of_b = of_first_seed(runs, b, times, Which::own).mean;
      return of_a < of_b || (of_a == of_a && of_b != of_b);
    });
  }
};

/// Context T: blocks and orders up to it.
inline Study make_study(int context, bool quick) {
  Study study;
  study.repeats = quick ? std::vector<int>{1, 8, 64} : std::vector<int>{1, 4, 16, 64, 256};
  study.questions.reserve(8);  // the references below stay
  const auto question = [&](std::string name, std::string title, std::string x_label, bool log_x,
                            Which which) -> Question& {
    study.questions.push_back({std::move(name), std::move(title), std::move(x_label), log_x, which, {}, {}});
    return study.questions.back();
  };
  const auto add = [](Question& q, double x, const std::string& factorization) {
    q.x.push_back(x);
    q.recipes.push_back({factorization});
  };

  Question& blocks = question("blocks", "How large should the blocks of block diffusion be?", "tokens in a block", true,
                              Which::certainty);
  for (int b = 1; b < context; b *= 4) {
    if (context % b == 0) add(blocks, b, fmt::format("blockwise:{}(masked)", b));
  }
  add(blocks, context, "masked");

  // A mixture has two exact scores, one as each of its parts; a line shows one of them.
  const char* share_title = "What share of sequences should be masked diffusion, the rest left to right?";
  const char* share_label = "share of masked diffusion";
  Question& forwards = question("mixtures", std::string(share_title) + " Scored left to right", share_label, false,
                                Which::left_to_right);
  Question& freely = question("mixtures-by-certainty", std::string(share_title) + " Scored by certainty", share_label,
                              false, Which::certainty);
  add(forwards, 0, "ltr");
  for (const double a : {0.25, 0.5, 0.75}) {
    for (Question* q : {&forwards, &freely}) add(*q, a, fmt::format("mixture({} ltr + {} masked)", 1 - a, a));
  }
  add(forwards, 1, "masked");
  add(freely, 1, "masked");

  for (const char* kind : {"local", "uniform"}) {
    const bool uniform = std::string(kind) == "uniform";
    Question& orders =
        question(fmt::format("orderings-{}", kind), fmt::format("How many {} orderings should there be?", kind),
                 "orderings", true, Which::left_to_right);
    add(orders, 1, "ltr");
    for (const int n : quick ? std::vector<int>{4, 16} : std::vector<int>{2, 4, 8, 16}) {
      add(orders, n, fmt::format("orderings:{}{}", n, uniform ? ":uniform" : ""));
    }
  }

  Question& noise = question("noise", "How many inputs should token dropout hide from left to right?",
                             "share of inputs hidden", false, Which::left_to_right);
  add(noise, 0, "ltr");
  for (const double r : quick ? std::vector<double>{0.1, 0.3} : std::vector<double>{0.1, 0.2, 0.4}) {
    add(noise, r, fmt::format("noisy:{}(ltr)", r));
  }

  const std::vector<double> decays = quick ? std::vector<double>{0.1, 1} : std::vector<double>{0.1, 1, 3};
  const std::vector<double> dropouts = quick ? std::vector<double>{0.1, 0.3} : std::vector<double>{0.1, 0.3, 0.5};
  for (const double decay : decays) {
    for (const double dropout : dropouts) study.tuned.push_back({"ltr", decay, dropout});
  }
  return study;
}

inline std::string label(const Recipe& r) {
  return r.factorization + (r.weight_decay == 0.1 && r.dropout == 0.1
                                ? ""
                                : fmt::format(", decay {}, dropout {}", r.weight_decay, r.dropout));
}

/// One figure for each question, and one of the ends and the finalists against repeats. The questions' points are
/// models of seed 0 with twice the error over texts; the last figure's are means over seeds with their 95 % t-interval.
inline void draw_study(const std::filesystem::path& folder, const Study& study, const std::vector<StudyRun>& runs,
                       const std::vector<Recipe>& finalists, const std::string& about) {
  const std::string of_texts = about + "; seed 0, bars: twice the standard error over texts";
  const std::string of_seeds = about + "; bars: 95 % t-intervals over seeds";
  const auto y_label = [](Which which) {
    return fmt::format("validation loss, exact{} [nats/token]", which == Which::left_to_right ? " left to right"
                                                                : which == Which::certainty   ? " by certainty"
                                                                                              : "");
  };
  const std::string x_repeats = "repeats of the unique tokens";
  const auto add = [](PlotLine& line, double x, const Estimate& e) {
    if (e.mean == e.mean) line.points.push_back({x, e.mean, e.half_bar});
  };
  for (const Question& q : study.questions) {
    Figure figure{q.name, q.title, of_texts, q.x_label, y_label(q.which), q.log_x, {}};
    for (const int times : study.repeats) {
      PlotLine line{fmt::format("{} repeat{}", times, times == 1 ? "" : "s"), {}};
      for (std::size_t i = 0; i < q.x.size(); ++i) {
        add(line, q.x[i], of_first_seed(runs, q.recipes[i], times, q.which));
      }
      figure.lines.push_back(std::move(line));
    }
    draw(folder, figure, "results.csv");
  }

  Figure tuned{
      "tuned", "How far does regularised left to right get?", of_texts, x_repeats, y_label(Which::left_to_right), true,
      {}};
  for (const Recipe& r : study.tuned) {
    PlotLine line{fmt::format("weight decay {}, dropout {}", r.weight_decay, r.dropout), {}};
    for (const int times : study.repeats) {
      add(line, times, of_first_seed(runs, r, times, Which::left_to_right));
    }
    tuned.lines.push_back(std::move(line));
  }
  draw(folder, tuned, "results.csv");

  Figure ends{"repeats",
              "Between autoregression and diffusion, as the same tokens are repeated",
              of_seeds,
              x_repeats,
              y_label(Which::exact),
              true,
              {}};
  for (const Recipe& r : finalists) {
    PlotLine line{label(r) + (trained_left_to_right(r) ? "" : ", by certainty"), {}};
    for (const int times : study.repeats) add(line, times, over_seeds(runs, r, times, Which::exact));
    ends.lines.push_back(std::move(line));
  }
  PlotLine rival{"ltr, best of the regularisations", {}, true};
  for (const int times : study.repeats) {
    add(rival, times, over_seeds(runs, study.best_tuned(runs, times), times, Which::exact));
  }
  ends.lines.push_back(std::move(rival));
  draw(folder, ends, "results.csv");
}

}  // namespace program
