#pragma once
// Which models the findings need.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>

#include <ordo/factorizations.hpp>
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

/// The families that are compared.
inline constexpr const char* autoregression = "ltr";
inline constexpr const char* diffusion = "masked";
inline constexpr const char* families[] = {autoregression, diffusion};

/// What the weights of every model are chosen by, and the points of finding 8's curves.
inline constexpr int evaluations = 16;
inline constexpr std::int64_t curve_windows = 64;  ///< of validation, at each of them

/// The whole study; docs/findings.md explains its fields. Tokens are bytes.
struct FindingsPlan {
  std::vector<GridSize> sizes;                  ///< smallest first
  std::vector<Regularisation> regularisations;  ///< the paper's first
  std::vector<std::int64_t> budgets;            ///< unique tokens, rising
  std::vector<std::int64_t> tokens_seen;        ///< by repeating each budget; each is also seen once
  std::int64_t equal_tokens = 0;                ///< one of tokens_seen: what findings 3 and 4 see, of any budget
  std::vector<std::int64_t> longest_budgets;    ///< these are repeated further,
  std::int64_t longest_tokens = 0;              ///< up to so many tokens seen,
  int longest_sizes = 0;                        ///< with the first so many sizes
  std::vector<int> orderings;                   ///< of finding 8, beside one
  std::int64_t orderings_budget = 0;
  double orderings_epochs = 0;
  int orderings_size = 0;        ///< index of their size
  std::uint64_t seeds = 0;       ///< that report: 1 to so many; seed 0 chooses, and reports nothing
  std::size_t choice_tasks = 0;  ///< of each kind
  int choice_draws = 0;          ///< of a bound, for each choice
  std::size_t samples = 0;       ///< of each model, for what it repeats word for word
  std::size_t least_copy = 0;    ///< a piece as long counts as repeated [tokens]
  std::int64_t windows = 0;      ///< of validation, for the scores
  int starts = 0;                ///< of the fit of finding 5
  int resamples = 0;             ///< of findings 5 and 6
  int context = 0;
  int batch = 0;
  double learning_rate = 0;
  double init_std = 0;
  bool smoke_test = false;  ///< every page and figure says that it is no evidence

  // The text's fingerprints, no part of the file:
  std::string training_text;
  std::string validation_text;

  /// Whether a cell sees as many tokens as the one that sees each token once (findings 3 and 4).
  [[nodiscard]] bool sees_equally_many(const Cell& cell) const {
    return std::abs(cell.tokens() - static_cast<double>(equal_tokens)) < 0.5;
  }
  /// What both families train at with these unique tokens, fewest passes first but for the longest run.
  [[nodiscard]] std::vector<Cell> cells_of(std::int64_t unique) const {
    std::vector<Cell> all = {{unique, 1, sizes.size()}};
    const auto add = [&](std::int64_t tokens, std::size_t of) {
      const double passes = static_cast<double>(tokens) / static_cast<double>(unique);
      const bool known = std::any_of(all.begin(), all.end(), [&](const Cell& c) { return c.epochs == passes; });
      if (!known) all.push_back({unique, passes, of});
    };
    for (const std::int64_t tokens : tokens_seen) {
      if (tokens >= unique) add(tokens, sizes.size());
    }
    if (std::count(longest_budgets.begin(), longest_budgets.end(), unique) > 0) {
      add(longest_tokens, static_cast<std::size_t>(longest_sizes));
    }
    return all;
  }
  /// The cells of all budgets, and the one that sees `equal_tokens` with nothing twice.
  [[nodiscard]] std::vector<Cell> cells() const {
    std::vector<Cell> all;
    for (const std::int64_t unique : budgets) {
      for (const Cell& cell : cells_of(unique)) all.push_back(cell);
    }
    if (std::count(budgets.begin(), budgets.end(), equal_tokens) == 0) all.push_back({equal_tokens, 1, sizes.size()});
    return all;
  }
  /// The cells that see `equal_tokens`, fewest passes first: that with nothing seen twice.
  [[nodiscard]] std::vector<Cell> equal_token_cells() const {
    std::vector<Cell> all = cells();
    std::erase_if(all, [&](const Cell& cell) { return !sees_equally_many(cell); });
    std::sort(all.begin(), all.end(), [](const Cell& a, const Cell& b) { return a.epochs < b.epochs; });
    return all;
  }
  /// Of those that repeat their tokens the one whose passes are nearest to `epochs`, by ratio.
  [[nodiscard]] Cell repeated_about(double epochs) const {
    const std::vector<Cell> all = equal_token_cells();
    return *std::min_element(all.begin() + 1, all.end(), [&](const Cell& a, const Cell& b) {
      return std::abs(std::log(a.epochs / epochs)) < std::abs(std::log(b.epochs / epochs));
    });
  }
  /// Whether a cell is one of a budget's, and not only there to see `equal_tokens` with nothing twice.
  [[nodiscard]] bool of_a_budget(const Cell& cell) const {
    return std::count(budgets.begin(), budgets.end(), cell.unique_tokens) > 0;
  }

  [[nodiscard]] ordo::RunSettings run(const std::string& family, const GridSize& size, const Cell& cell,
                                      const Regularisation& way, std::uint64_t seed) const {
    ordo::RunSettings s;
    s.factorization = family;
    s.layers = size.layers;
    s.width = size.width;
    s.heads = size.heads;
    s.context = context;
    s.dropout = way.dropout;
    s.init_std = init_std;
    s.unique_tokens = cell.unique_tokens;
    s.epochs = cell.epochs;
    s.seed = seed;
    s.weight_decay = way.weight_decay;
    s.batch = batch;
    s.learning_rate = learning_rate;
    s.training_text = training_text;
    s.validation_text = validation_text;
    s.evaluations = evaluations;
    s.curve_windows = curve_windows;
    return s;
  }

  /// Seed 0 of every setting of both families: what the settings are chosen by.
  [[nodiscard]] std::vector<ordo::RunSettings> first_runs(std::span<const Cell> of) const {
    std::vector<ordo::RunSettings> all;
    for (const Cell& cell : of) {
      for (const char* family : families) {
        for (std::size_t size = 0; size < cell.sizes; ++size) {
          for (const Regularisation& way : regularisations) all.push_back(run(family, sizes[size], cell, way, 0));
        }
      }
    }
    return all;
  }
  /// The runs that report of a setting.
  [[nodiscard]] std::vector<ordo::RunSettings> reporting(ordo::RunSettings setting) const {
    std::vector<ordo::RunSettings> all;
    for (setting.seed = 1; setting.seed <= seeds; ++setting.seed) all.push_back(setting);
    return all;
  }
  /// Left to right, masked diffusion, and every number of orderings between.
  [[nodiscard]] std::vector<std::string> orderings_families() const {
    std::vector<std::string> all = {autoregression};
    for (const int n : orderings) all.push_back(ordo::factorization_from_name(fmt::format("orderings:{}", n)).name());
    all.emplace_back(diffusion);
    return all;
  }
  [[nodiscard]] ordo::RunSettings orderings_setting(const std::string& family) const {
    return run(family, sizes[static_cast<std::size_t>(orderings_size)], {orderings_budget, orderings_epochs, 0},
               regularisations.front(), 0);
  }
};

/// The study for two cores and two and a half hours, or for less than 15 minutes: a smoke test.
inline FindingsPlan make_findings_plan(bool quick) {
  FindingsPlan plan;
  plan.sizes = {{2, 32, 2}, {2, 64, 4}, {2, 128, 8}};
  plan.regularisations = {{0.1, 0.1}, {0.1, 0}, {1, 0.3}};
  plan.budgets = {10000, 30000, 90000, 270000};
  plan.tokens_seen = {270000, 1080000, 4320000};
  plan.equal_tokens = 1080000;
  plan.longest_budgets = {10000, 30000};
  plan.longest_tokens = 17280000;
  plan.longest_sizes = 2;
  plan.orderings = {2, 4, 8, 16};
  plan.orderings_budget = 30000;
  plan.orderings_epochs = 144;
  plan.orderings_size = 1;
  plan.seeds = 3;
  plan.choice_tasks = 300;
  plan.choice_draws = 32;
  plan.samples = 64;
  plan.least_copy = 12;
  plan.windows = 128;
  plan.starts = 500;
  plan.resamples = 1000;
  plan.context = 128;
  plan.batch = 8;
  plan.learning_rate = 2e-3;
  plan.init_std = 0.06;
  if (quick) {
    plan.smoke_test = true;
    plan.sizes.pop_back();
    plan.regularisations.pop_back();
    plan.budgets.pop_back();
    plan.tokens_seen.pop_back();
    plan.equal_tokens = 270000;
    plan.longest_budgets.clear();
    plan.orderings = {4, 16};
    plan.orderings_epochs = 36;
    plan.choice_tasks = 60;
    plan.choice_draws = 8;
    plan.samples = 16;
    plan.starts = 100;
    plan.resamples = 200;
  }
  return plan;
}

}  // namespace program
