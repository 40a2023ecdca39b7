#pragma once
// What all findings look at, and what they share in looking at it.

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
#include <ordo/lab/critical_compute.hpp>
#include <ordo/lab/run_record.hpp>
#include <ordo/lab/window_split.hpp>

#include "support/findings/finding.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/findings/task_sets.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include "support/statistics.hpp"

namespace program {

using ordo::ComparedBy;
using ordo::RunRecord;
using ordo::RunSettings;

struct FindingInputs {
  const FindingsPlan& plan;
  const ordo::Dataset& data;
  const FindingsRuns& runs;
  const std::vector<TaskSet>& tasks;  ///< of finding 7
  bool own_tasks = false;             ///< the user's, not made ones
  std::filesystem::path models;       ///< the sweep's folder
  DeviceFlags device;                 ///< the sweep's
  std::stop_token stop;
};

inline constexpr const char* smoke_test = "smoke test, not evidence";

/// A line of a page, and what stands behind a line on the terminal; nothing where it is evidence.
inline std::string stamp_line(const FindingsPlan& plan) {
  return plan.smoke_test ? fmt::format("**This is a {}.**\n\n", smoke_test) : "";
}
inline std::string stamp_note(const FindingsPlan& plan) {
  return plan.smoke_test ? fmt::format(" ({})", smoke_test) : "";
}

inline std::string of_passes(double epochs) { return fmt::format("{:g} {}", epochs, epochs == 1 ? "pass" : "passes"); }

[[nodiscard]] constexpr const char* to_string(Tuning tuning) {
  return tuning == Tuning::tuned ? "tuned" : "as in the paper";
}

inline std::string title_of(const std::string& family, Tuning tuning) { return family + ", " + to_string(tuning); }

/// A figure whose second line says what it is, stamped where it is no evidence.
inline Figure figure(const FindingsPlan& plan, const std::string& name, const std::string& title,
                     const std::string& note, const std::string& x_label, const std::string& y_label) {
  Figure f{name, title, (plan.smoke_test ? "SMOKE TEST, NOT EVIDENCE; " : "") + note, x_label, y_label, true, {}};
  f.decades = true;
  return f;
}

/// The budgets, as an axis shows them.
inline std::vector<double> budget_ticks(const FindingsPlan& plan) { return {plan.budgets.begin(), plan.budgets.end()}; }

inline void add_point(PlotLine& line, double x, const std::vector<double>& seeds) {
  const Mean mean = mean_of(seeds);
  line.points.push_back({x, mean.mean, mean.half_interval()});
}

/// The chosen setting's losses, which go into the finding's table.
inline std::vector<double> add_losses(const FindingInputs& in, Finding& finding, const std::string& family,
                                      const Cell& cell, Tuning tuning, ComparedBy by = ComparedBy::exact) {
  const RunSettings setting = in.runs.chosen(family, cell, tuning);
  std::vector<double> values = in.runs.losses(setting, by);
  finding.rows.push_back(row_of_seeds(fmt::format("{} loss [nats/token], {}", to_string(by), to_string(tuning)), family,
                                      describe_setting(setting), cell.unique_tokens, cell.epochs, values));
  return values;
}

/// value(loss) of each seed that reports, loss(setting) being that seed's. The interval holds the luck of seeds, by
/// Student's t, and that of the validation windows, by resamples: added as independent.
template <class Value>
[[nodiscard]] inline Evidence evidence_of_losses(const FindingInputs& in, std::string what, const Value& value) {
  constexpr std::uint64_t resamples = 400;  // a standard error within 4 %
  const auto of_seeds = [&](const std::vector<double>& windows) {
    std::vector<double> seeds;
    for (std::uint64_t seed = 1; seed <= in.plan.seeds; ++seed) {
      seeds.push_back(value([&](RunSettings setting) {
        setting.seed = seed;
        return in.runs.loss(setting, ComparedBy::exact, windows);
      }));
    }
    return mean_of(seeds);
  };
  const std::size_t windows = in.runs.windows();
  const Mean mean = of_seeds(ordo::WindowSplit::halves(windows).report);
  std::vector<double> resampled;
  for (std::uint64_t b = 0; b < resamples; ++b) {
    ordo::Stream draws(0, ordo::Purpose::resample, b);
    resampled.push_back(of_seeds(ordo::WindowSplit::resampled(windows, draws).report).mean);
  }
  return evidence(std::move(what), mean.mean,
                  std::hypot(mean.half_interval(), normal_95 * mean_of(resampled).deviation()));
}

/// Frontiers and crossings of every budget, from all sizes at every number of passes.
inline ordo::CriticalCompute frontiers(const FindingInputs& in, int resamples) {
  std::vector<RunRecord> compared;
  for (const std::int64_t unique : in.plan.budgets) {
    for (const char* family : families) {
      const std::vector<Cell> cells = in.plan.cells_of(unique);
      for (RunRecord& run : in.runs.of_all_sizes(family, cells, true)) compared.push_back(std::move(run));
    }
  }
  ordo::CriticalComputeOptions options;
  options.base = {autoregression};
  options.challenger = {diffusion};
  options.resamples = resamples;
  options.choosing_seed = 0;
  return ordo::critical_compute(compared, options);
}

inline constexpr const char* seeds_note =
    "means over seeds, bars: 95 % t-intervals; settings chosen by another seed on other windows";

}  // namespace program
