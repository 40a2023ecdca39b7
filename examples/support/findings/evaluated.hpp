#pragma once
// What all findings look at, and how they are drawn.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include <fmt/core.h>

#include <ordo/data/dataset.hpp>
#include <ordo/lab/critical_compute.hpp>
#include <ordo/lab/run_record.hpp>

#include "support/findings/finding.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
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
      {fmt::format("{} loss [nats/token], {}", to_string(by), tuning == Tuning::tuned ? "tuned" : "plain"), family,
       describe_setting(setting), cell.unique_tokens, cell.epochs, values});
  return values;
}

inline constexpr const char* seeds_note = "means over seeds, bars: 95 % t-intervals; settings chosen on other windows";

}  // namespace program
