#pragma once
// Which models the findings need, and what became of them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/error.hpp>
#include <ordo/lab/critical_compute.hpp>
#include <ordo/lab/run_record.hpp>

#include "support/grid.hpp"

namespace program {

struct Regularisation {
  double weight_decay = 0.1;
  double dropout = 0.1;

  friend bool operator==(const Regularisation&, const Regularisation&) = default;
};

/// So many passes over so many tokens, by the first `sizes` sizes of the plan.
struct Cell {
  std::int64_t unique_tokens = 0;
  double epochs = 0;
  std::size_t sizes = 0;

  [[nodiscard]] double tokens() const { return static_cast<double>(unique_tokens) * epochs; }
};

/// The whole study. Tokens are bytes.
struct FindingsPlan {
  bool quick = false;
  std::vector<GridSize> sizes;        ///< smallest first
  std::vector<Regularisation> ways;   ///< the paper's first
  std::vector<std::int64_t> budgets;  ///< unique tokens, rising
  std::vector<Cell> cells;            ///< of both families
  double equal_tokens = 0;            ///< tokens seen where unique tokens differ and compute does not
  std::vector<int> orderings;         ///< numbers of orderings, beside 1
  Cell orderings_cell;                ///< where they are trained, by the last of its sizes
  std::uint64_t seeds = 3;
  std::size_t choice_tasks = 0;  ///< of each kind
  int choice_draws = 0;          ///< of a bound, for each choice
  std::size_t samples = 0;       ///< of each model, for what it repeats word for word
  std::size_t least_copy = 30;   ///< a piece as long counts as repeated [tokens]
  std::string training_text;     ///< fingerprints
  std::string validation_text;

  [[nodiscard]] ordo::RunSettings run(const std::string& family, const GridSize& size, const Cell& cell,
                                      const Regularisation& way, std::uint64_t seed) const {
    ordo::RunSettings s;
    s.factorization = family;
    s.layers = size.layers;
    s.width = size.width;
    s.heads = size.heads;
    s.context = 128;
    s.dropout = way.dropout;
    s.init_std = 0.06;
    s.unique_tokens = cell.unique_tokens;
    s.epochs = cell.epochs;
    s.seed = seed;
    s.weight_decay = way.weight_decay;
    s.batch = 8;
    s.learning_rate = 2e-3;
    s.training_text = training_text;
    s.validation_text = validation_text;
    return s;
  }

  /// Seed 0 of every setting of both families: what the settings are chosen by.
  [[nodiscard]] std::vector<ordo::RunSettings> first_runs(std::span<const Cell> of) const {
    std::vector<ordo::RunSettings> all;
    for (const Cell& cell : of) {
      for (const char* family : {"ltr", "masked"}) {
        for (std::size_t size = 0; size < cell.sizes; ++size) {
          for (const Regularisation& way : ways) all.push_back(run(family, sizes[size], cell, way, 0));
        }
      }
    }
    return all;
  }
  /// Left to right, masked diffusion, and every number of orderings between.
  [[nodiscard]] std::vector<std::string> orderings_families() const {
    std::vector<std::string> all = {"ltr"};
    for (const int n : orderings) all.push_back(ordo::factorization_from_name(fmt::format("orderings:{}", n)).name());
    all.emplace_back("masked");
    return all;
  }
  [[nodiscard]] ordo::RunSettings orderings_run(const std::string& family, std::uint64_t seed) const {
    return run(family, sizes[orderings_cell.sizes - 1], orderings_cell, ways.front(), seed);
  }
};

/// The study for two cores and about an hour and a half, or for less than 15 minutes: a smoke test.
inline FindingsPlan make_findings_plan(bool quick) {
  FindingsPlan plan;
  plan.quick = quick;
  plan.ways = {{0.1, 0.1}, {0.1, 0}, {1, 0.3}};
  if (quick) plan.ways = {{0.1, 0.1}, {0.1, 0}};
  plan.sizes = {{2, 32, 2}, {2, 64, 4}, {2, 128, 8}};
  if (quick) plan.sizes.pop_back();
  plan.budgets = {10000, 30000, 90000, 270000};
  if (quick) plan.budgets.pop_back();
  plan.equal_tokens = quick ? 270e3 : 1080e3;
  const std::size_t all = plan.sizes.size();
  const auto tokens_seen = quick ? std::vector<double>{270e3, 1080e3} : std::vector<double>{270e3, 1080e3, 4320e3};
  for (const std::int64_t unique : plan.budgets) {
    const auto u = static_cast<double>(unique);
    if (u < tokens_seen.front()) plan.cells.push_back({unique, 1, all});
    for (const double tokens : tokens_seen) plan.cells.push_back({unique, tokens / u, all});
    // Where text is short, more passes yet: there diffusion is to win.
    if (!quick && unique <= 30000) plan.cells.push_back({unique, 17280e3 / u, 2});
  }
  plan.cells.push_back({static_cast<std::int64_t>(plan.equal_tokens), 1, all});  // nothing seen twice
  plan.orderings = quick ? std::vector<int>{4, 16} : std::vector<int>{2, 4, 8, 16};
  plan.orderings_cell = {30000, quick ? 36.0 : 144.0, 2};
  plan.choice_tasks = quick ? 60 : 300;
  plan.choice_draws = quick ? 8 : 32;
  plan.samples = quick ? 16 : 64;
  return plan;
}

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
    for (const Cell& cell : plan_->cells) {
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
    for (const Cell& cell : plan_->cells) {
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
      for (const char* family : {"ltr", "masked"}) {
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
