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
#include <ordo/lab/critical_compute.hpp>
#include <ordo/lab/run_record.hpp>

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

/// The runs of the plan, looked up by their settings. Seed 0 chooses settings, on even windows; odd windows report.
class FindingsRuns {
 public:
  FindingsRuns(const FindingsPlan& plan, std::vector<ordo::RunRecord> records)
      : plan_(&plan), records_(std::move(records)) {}

  [[nodiscard]] const std::vector<ordo::RunRecord>& records() const { return records_; }
  [[nodiscard]] const ordo::RunRecord& at(const ordo::RunSettings& settings) const {
    const auto found = std::find_if(records_.begin(), records_.end(),
                                    [&](const ordo::RunRecord& r) { return r.settings == settings; });
    ordo::require(found != records_.end(), "findings", "there is no run of ", settings.factorization, ", ",
                  describe_setting(settings), ", ", settings.unique_tokens, " unique tokens, ", settings.epochs,
                  " epochs, seed ", settings.seed);
    return *found;
  }

  /// The setting of a family at a cell, seed 0.
  [[nodiscard]] ordo::RunSettings chosen(const std::string& family, const Cell& cell, Tuning tuning) const {
    ordo::RunSettings best;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t size = 0; size < cell.sizes; ++size) {
      for (const Regularisation& way : plan_->ways) {
        if (tuning == Tuning::plain && !(way == plan_->ways.front())) continue;
        const ordo::RunSettings setting = plan_->run(family, plan_->sizes[size], cell, way, 0);
        const double loss = half(at(setting), ordo::ComparedBy::exact, true);
        if (loss < least) {
          least = loss;
          best = setting;
        }
      }
    }
    return best;
  }
  /// Of all cells with these unique tokens the one where the family's chosen setting is best.
  [[nodiscard]] Cell best_cell(const std::string& family, std::int64_t unique_tokens, Tuning tuning) const {
    Cell best;
    double least = std::numeric_limits<double>::infinity();
    for (const Cell& cell : plan_->cells()) {
      if (cell.unique_tokens != unique_tokens) continue;
      const double loss = half(at(chosen(family, cell, tuning)), ordo::ComparedBy::exact, true);
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
    for (const Cell& cell : plan_->cells()) {
      if (cell.unique_tokens == unique_tokens) most = std::max(most, cell.epochs);
    }
    return most;
  }
  /// The reported loss of each seed [nats/token].
  [[nodiscard]] std::vector<double> losses(const ordo::RunSettings& setting,
                                           ordo::ComparedBy by = ordo::ComparedBy::exact) const {
    return of_seeds(setting, [&](const ordo::RunRecord& run) { return half(run, by, false); });
  }
  /// value(run) of each seed.
  template <class Value>
  [[nodiscard]] std::vector<double> of_seeds(ordo::RunSettings setting, const Value& value) const {
    std::vector<double> all;
    for (std::uint64_t seed = 0; seed < plan_->seeds; ++seed) {
      setting.seed = seed;
      all.push_back(value(at(setting)));
    }
    return all;
  }
  /// The further seeds of what seed 0 has chosen.
  [[nodiscard]] std::vector<ordo::RunSettings> further_runs(std::span<const Cell> cells) const {
    std::vector<ordo::RunSettings> all;
    for (const Cell& cell : cells) {
      for (const char* family : families) {
        for (const Tuning tuning : {Tuning::plain, Tuning::tuned}) {
          ordo::RunSettings setting = chosen(family, cell, tuning);
          for (setting.seed = 1; setting.seed < plan_->seeds; ++setting.seed) {
            if (std::find(all.begin(), all.end(), setting) == all.end()) all.push_back(setting);
          }
        }
      }
    }
    return all;
  }

 private:
  static double half(const ordo::RunRecord& run, ordo::ComparedBy by, bool chooses) {
    const ordo::WindowScore& score = by == ordo::ComparedBy::own ? run.own : run.exact;
    std::vector<double> weights(run.window_tokens.size());
    for (std::size_t w = 0; w < weights.size(); ++w) weights[w] = (w % 2 == 0) == chooses ? 1 : 0;
    return ordo::mean_loss(score.nats, run.window_tokens, weights);
  }

  const FindingsPlan* plan_;
  std::vector<ordo::RunRecord> records_;
};

/// a - b, seed by seed.
[[nodiscard]] inline std::vector<double> minus(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

}  // namespace program
