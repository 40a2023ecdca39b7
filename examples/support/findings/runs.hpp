#pragma once
// What became of a plan's models: which settings were chosen, and what they came to.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/error.hpp>
#include <ordo/lab/compared_by.hpp>
#include <ordo/lab/run_record.hpp>
#include <ordo/lab/window_split.hpp>

#include "support/findings/plan.hpp"

namespace program {

/// "2 x 64, decay 0.1, dropout 0.1"
inline std::string describe_setting(const ordo::RunSettings& s) {
  return fmt::format("{} x {}, decay {}, dropout {}", s.layers, s.width, s.weight_decay, s.dropout);
}

/// How a family's setting is chosen at a cell.
enum class Tuning : std::uint8_t {
  plain,  ///< its size, under the paper's regularisation
  tuned,  ///< size and regularisation
};

/// The runs of the plan, looked up by their settings. Seed 0 chooses settings, on even windows; the other seeds report,
/// on odd windows.
class FindingsRuns {
 public:
  FindingsRuns(const FindingsPlan& plan, std::vector<ordo::RunRecord> records)
      : plan_(&plan), records_(std::move(records)) {
    std::vector<const ordo::RunRecord*> all;
    for (const ordo::RunRecord& record : records_) all.push_back(&record);
    ordo::check_comparable(all);
  }

  [[nodiscard]] const ordo::RunRecord& at(const ordo::RunSettings& settings) const {
    const auto found = std::find_if(records_.begin(), records_.end(),
                                    [&](const ordo::RunRecord& r) { return r.settings == settings; });
    ordo::require(found != records_.end(), "findings", "there is no run of ", settings.factorization, ", ",
                  describe_setting(settings), ", ", settings.unique_tokens, " unique tokens, ", settings.epochs,
                  " epochs, seed ", settings.seed);
    return *found;
  }

  /// The setting of a family at a cell.
  [[nodiscard]] ordo::RunSettings chosen(const std::string& family, const Cell& cell, Tuning tuning) const {
    std::vector<ordo::RunSettings> all;
    for (std::size_t size = 0; size < cell.sizes; ++size) {
      for (const Regularisation& way : plan_->regularisations) {
        if (tuning == Tuning::plain && !(way == plan_->regularisations.front())) continue;
        all.push_back(plan_->run(family, plan_->sizes[size], cell, way, 0));
      }
    }
    return best_of(all);
  }
  /// The settings of a family at a cell with each size, its regularisation chosen.
  [[nodiscard]] std::vector<ordo::RunSettings> chosen_sizes(const std::string& family, const Cell& cell) const {
    std::vector<ordo::RunSettings> chosen;
    for (std::size_t size = 0; size < cell.sizes; ++size) {
      std::vector<ordo::RunSettings> all;
      for (const Regularisation& way : plan_->regularisations)
        all.push_back(plan_->run(family, plan_->sizes[size], cell, way, 0));
      chosen.push_back(best_of(all));
    }
    return chosen;
  }
  /// Of all cells with these unique tokens the one where the family's chosen setting is best.
  [[nodiscard]] Cell best_cell(const std::string& family, std::int64_t unique_tokens, Tuning tuning) const {
    Cell best;
    double least = std::numeric_limits<double>::infinity();
    for (const Cell& cell : plan_->cells_of(unique_tokens)) {
      const double loss = choosing_loss(chosen(family, cell, tuning));
      if (loss < least) {
        least = loss;
        best = cell;
      }
    }
    return best;
  }
  /// The most passes that the plan makes over so many tokens.
  [[nodiscard]] double most_epochs(std::int64_t unique_tokens) const {
    double most = 0;
    for (const Cell& cell : plan_->cells_of(unique_tokens)) most = std::max(most, cell.epochs);
    return most;
  }
  /// The loss of one run, its windows counted so often [nats/token].
  [[nodiscard]] double loss(const ordo::RunSettings& run, ordo::ComparedBy by, std::span<const double> weights) const {
    const ordo::RunRecord& record = at(run);
    const ordo::WindowScore& score = by == ordo::ComparedBy::own ? record.own : record.exact;
    return ordo::mean_loss(score.nats, record.window_tokens, weights);
  }
  /// How many windows all runs were scored on.
  [[nodiscard]] std::size_t windows() const { return records_.front().window_tokens.size(); }
  /// The reported loss of each seed [nats/token].
  [[nodiscard]] std::vector<double> losses(const ordo::RunSettings& setting,
                                           ordo::ComparedBy by = ordo::ComparedBy::exact) const {
    const ordo::WindowSplit split = ordo::WindowSplit::halves(windows());
    std::vector<double> all;
    for (const ordo::RunSettings& run : plan_->reporting(setting)) all.push_back(loss(run, by, split.report));
    return all;
  }
  /// value(run) of each seed that reports.
  template <class Value>
  [[nodiscard]] std::vector<double> of_seeds(const ordo::RunSettings& setting, const Value& value) const {
    std::vector<double> all;
    for (const ordo::RunSettings& run : plan_->reporting(setting)) all.push_back(value(at(run)));
    return all;
  }
  /// The reporting runs of every size that a family has at these cells: what frontiers and laws are made of. All
  /// settings have the same seeds; with `and_choosing`, seed 0 too.
  [[nodiscard]] std::vector<ordo::RunRecord> of_all_sizes(const std::string& family, std::span<const Cell> cells,
                                                          bool and_choosing = false) const {
    std::vector<ordo::RunRecord> all;
    for (const Cell& cell : cells) {
      for (const ordo::RunSettings& setting : chosen_sizes(family, cell)) {
        if (and_choosing) all.push_back(at(setting));
        for (const ordo::RunSettings& run : plan_->reporting(setting)) all.push_back(at(run));
      }
    }
    return all;
  }
  /// The runs that report of what seed 0 has chosen at a cell.
  [[nodiscard]] std::vector<ordo::RunSettings> further_runs(const Cell& cell, bool plain, bool every_size) const {
    std::vector<ordo::RunSettings> all;
    for (const char* family : families) {
      std::vector<ordo::RunSettings> settings = {chosen(family, cell, Tuning::tuned)};
      if (plain) settings.push_back(chosen(family, cell, Tuning::plain));
      if (every_size) {
        for (ordo::RunSettings& setting : chosen_sizes(family, cell)) settings.push_back(std::move(setting));
      }
      for (const ordo::RunSettings& setting : settings) {
        for (ordo::RunSettings& run : plan_->reporting(setting)) all.push_back(std::move(run));
      }
    }
    return all;
  }

 private:
  /// By which a setting is chosen [nats/token].
  [[nodiscard]] double choosing_loss(const ordo::RunSettings& setting) const {
    return loss(setting, ordo::ComparedBy::exact, ordo::WindowSplit::halves(windows()).choose);
  }
  [[nodiscard]] ordo::RunSettings best_of(const std::vector<ordo::RunSettings>& all) const {
    return *std::min_element(all.begin(), all.end(), [&](const ordo::RunSettings& a, const ordo::RunSettings& b) {
      return choosing_loss(a) < choosing_loss(b);
    });
  }

  const FindingsPlan* plan_;
  std::vector<ordo::RunRecord> records_;
};

}  // namespace program
