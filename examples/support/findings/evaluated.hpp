#pragma once
// What all findings look at, and how they are drawn.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/rng.hpp>
#include <ordo/data/dataset.hpp>
#include <ordo/lab/compared_by.hpp>
#include <ordo/lab/run_record.hpp>
#include <ordo/lab/window_split.hpp>

#include "support/findings/finding.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/findings/task_sets.hpp"
#include "support/plot.hpp"
#include "support/statistics.hpp"
#include "support/sweep.hpp"
#include "support/text.hpp"

namespace program {

using ordo::ComparedBy;
using ordo::RunRecord;
using ordo::RunSettings;

inline constexpr const char* stamp_text = "Smoke test, not evidence";

struct FindingsStudy {
  FindingsPlan plan;
  TextFlags text;
  SweepSettings sweep;
  std::vector<int> numbers;
  std::filesystem::path out = "findings-results";
  std::filesystem::path choices;  ///< tasks of the user's own for finding 7
  std::string command;

  [[nodiscard]] std::string stamp() const { return !plan.evidence ? stamp_text : ""; }
  [[nodiscard]] bool asks(int number) const {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  }
};

/// What all findings look at.
struct Evaluated {
  const FindingsStudy& study;
  const ordo::Dataset& data;
  const FindingsRuns& runs;
  const std::vector<TaskSet>& tasks;  ///< of finding 7
  std::stop_token stop;

  [[nodiscard]] const FindingsPlan& plan() const { return study.plan; }
};

/// "30k" for 30,000.
inline std::string thousands(std::int64_t tokens) {
  return tokens >= 1000 ? fmt::format("{:.4g}k", static_cast<double>(tokens) / 1e3) : fmt::format("{}", tokens);
}

inline std::string of_passes(double epochs) { return fmt::format("{:g} {}", epochs, epochs == 1 ? "pass" : "passes"); }

inline std::string title_of(const std::string& family, Tuning tuning) {
  return family + (tuning == Tuning::tuned ? ", tuned" : ", as in the paper");
}

/// A figure whose second line says what it is, stamped where it is no evidence.
inline Figure figure(const FindingsStudy& study, const std::string& name, const std::string& title,
                     const std::string& note, const std::string& x_label, const std::string& y_label) {
  Figure f{name, title, (!study.plan.evidence ? "SMOKE TEST, NOT EVIDENCE; " : "") + note, x_label, y_label, true, {}};
  f.decades = true;
  return f;
}

/// The budgets, as an axis shows them.
inline std::vector<double> budget_ticks(const FindingsPlan& plan) { return {plan.budgets.begin(), plan.budgets.end()}; }

inline void add_point(PlotLine& line, double x, const std::vector<double>& seeds) {
  const Mean mean = mean_of(seeds);
  line.points.push_back({x, mean.mean, mean.half_interval()});
}

inline void draw(const FindingsStudy& study, Finding& finding, const Figure& f) {
  finding.figures.push_back(f.name);
  draw(study.out, f, finding.file() + ".csv");
}

/// The chosen setting's losses, as a row too.
inline std::vector<double> losses(const Evaluated& e, Finding& finding, const std::string& family, const Cell& cell,
                                  Tuning tuning, ComparedBy by = ComparedBy::exact) {
  const RunSettings setting = e.runs.chosen(family, cell, tuning);
  std::vector<double> values = e.runs.losses(setting, by);
  finding.rows.push_back(
      row_of_seeds(fmt::format("{} loss [nats/token], {}", to_string(by), tuning == Tuning::tuned ? "tuned" : "plain"),
                   family, describe_setting(setting), cell.unique_tokens, cell.epochs, values));
  return values;
}

/// Evidence made of losses: value(loss) of each seed that reports, loss(setting) being that seed's. The interval holds
/// the luck of seeds, by Student's t, and that of the validation windows, by resamples: added as independent.
template <class Value>
[[nodiscard]] inline Evidence judged(const Evaluated& e, std::string what, const Value& value) {
  const auto of_seeds = [&](const std::vector<double>& windows) {
    std::vector<double> seeds;
    for (std::uint64_t seed = 1; seed <= e.plan().seeds; ++seed) {
      seeds.push_back(value([&](RunSettings setting) {
        setting.seed = seed;
        return e.runs.loss(setting, windows);
      }));
    }
    return mean_of(seeds);
  };
  const std::size_t windows = e.runs.windows();
  const Mean mean = of_seeds(ordo::WindowSplit::halves(windows).report);
  std::vector<double> resampled;
  for (std::uint64_t b = 0; b < 400; ++b) {
    ordo::Stream draws(0, ordo::Purpose::resample, b);
    resampled.push_back(of_seeds(ordo::WindowSplit::resampled(windows, draws).report).mean);
  }
  const Mean spread = mean_of(resampled);
  const double of_windows = spread.error * std::sqrt(static_cast<double>(spread.count));
  const double half = std::hypot(mean.half_interval(), 1.96 * of_windows);
  return {std::move(what), mean.mean, mean.mean - half, mean.mean + half};
}

inline constexpr const char* seeds_note =
    "means over seeds, bars: 95 % t-intervals; settings chosen by another seed on other windows";

}  // namespace program
