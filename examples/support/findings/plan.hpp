#pragma once
// Which models the findings need: a small plan, also as a JSON file.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/io/json_file.hpp>
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
inline constexpr const char* families[] = {"ltr", "masked"};

/// The whole study. Tokens are bytes.
struct FindingsPlan {
  std::vector<GridSize> sizes;                ///< smallest first
  std::vector<Regularisation> ways;           ///< the paper's first
  std::vector<std::int64_t> budgets;          ///< unique tokens, rising
  std::vector<std::int64_t> tokens_seen;      ///< for each budget: passes = tokens seen / budget, one or more
  std::int64_t equal_tokens = 0;              ///< seen where unique tokens differ and compute does not
  std::vector<std::int64_t> longest_budgets;  ///< of these more yet: there diffusion is to win
  std::int64_t longest_tokens = 0;            ///< seen then
  int longest_sizes = 0;                      ///< by the smallest so many sizes
  std::vector<int> orderings;                 ///< numbers of orderings, beside 1
  std::int64_t orderings_budget = 0;          ///< unique tokens that they are trained on
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
  bool evidence = true;  ///< false: every page and figure says that it is none

  // Not of the file:
  std::string training_text;  ///< fingerprints
  std::string validation_text;

  /// Whether a cell sees as many tokens as the one that sees each token once (findings 3 and 4).
  [[nodiscard]] bool sees_equally_many(const Cell& cell) const {
    return std::abs(cell.tokens() - static_cast<double>(equal_tokens)) < 0.5;
  }
  /// What both families train at, cheapest budget first.
  [[nodiscard]] std::vector<Cell> cells() const {
    std::vector<Cell> all;
    const auto add = [&](std::int64_t unique, double epochs, std::size_t of) {
      const bool known = std::any_of(all.begin(), all.end(),
                                     [&](const Cell& c) { return c.unique_tokens == unique && c.epochs == epochs; });
      if (!known) all.push_back({unique, epochs, of});
    };
    for (const std::int64_t unique : budgets) {
      const auto passes = [&](std::int64_t tokens) {
        return static_cast<double>(tokens) / static_cast<double>(unique);
      };
      add(unique, 1, sizes.size());
      for (const std::int64_t tokens : tokens_seen) {
        if (tokens >= unique) add(unique, passes(tokens), sizes.size());
      }
      if (std::count(longest_budgets.begin(), longest_budgets.end(), unique) > 0) {
        add(unique, passes(longest_tokens), static_cast<std::size_t>(longest_sizes));
      }
    }
    add(equal_tokens, 1, sizes.size());  // nothing seen twice
    return all;
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
    return s;
  }

  /// Seed 0 of every setting of both families: what the settings are chosen by.
  [[nodiscard]] std::vector<ordo::RunSettings> first_runs(std::span<const Cell> of) const {
    std::vector<ordo::RunSettings> all;
    for (const Cell& cell : of) {
      for (const char* family : families) {
        for (std::size_t size = 0; size < cell.sizes; ++size) {
          for (const Regularisation& way : ways) all.push_back(run(family, sizes[size], cell, way, 0));
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
    std::vector<std::string> all = {"ltr"};
    for (const int n : orderings) all.push_back(ordo::factorization_from_name(fmt::format("orderings:{}", n)).name());
    all.emplace_back("masked");
    return all;
  }
  [[nodiscard]] ordo::RunSettings orderings_setting(const std::string& family) const {
    return run(family, sizes[static_cast<std::size_t>(orderings_size)], {orderings_budget, orderings_epochs, 0},
               ways.front(), 0);
  }
};

/// The study for two cores and about an hour and a half, or for less than 15 minutes: a smoke test.
inline FindingsPlan make_findings_plan(bool quick) {
  FindingsPlan plan;
  plan.sizes = {{2, 32, 2}, {2, 64, 4}, {2, 128, 8}};
  plan.ways = {{0.1, 0.1}, {0.1, 0}, {1, 0.3}};
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
  plan.least_copy = 30;
  plan.windows = 128;
  plan.starts = 500;
  plan.resamples = 1000;
  plan.context = 128;
  plan.batch = 8;
  plan.learning_rate = 2e-3;
  plan.init_std = 0.06;
  if (quick) {
    plan.evidence = false;
    plan.sizes.pop_back();
    plan.ways.pop_back();
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

inline ordo::Json to_json(const FindingsPlan& p) {
  ordo::Json sizes = ordo::Json::array();
  for (const GridSize& s : p.sizes) sizes.push_back({{"layers", s.layers}, {"width", s.width}, {"heads", s.heads}});
  ordo::Json ways = ordo::Json::array();
  for (const Regularisation& w : p.ways) ways.push_back({{"weight_decay", w.weight_decay}, {"dropout", w.dropout}});
  return {{"sizes", sizes},
          {"regularisation", ways},
          {"budgets", p.budgets},
          {"tokens_seen", p.tokens_seen},
          {"equal_tokens", p.equal_tokens},
          {"longest_budgets", p.longest_budgets},
          {"longest_tokens", p.longest_tokens},
          {"longest_sizes", p.longest_sizes},
          {"orderings", p.orderings},
          {"orderings_budget", p.orderings_budget},
          {"orderings_epochs", p.orderings_epochs},
          {"orderings_size", p.orderings_size},
          {"seeds", p.seeds},
          {"choice_tasks", p.choice_tasks},
          {"choice_draws", p.choice_draws},
          {"samples", p.samples},
          {"least_copy", p.least_copy},
          {"windows", p.windows},
          {"starts", p.starts},
          {"resamples", p.resamples},
          {"context", p.context},
          {"batch", p.batch},
          {"learning_rate", p.learning_rate},
          {"init_std", p.init_std},
          {"evidence", p.evidence}};
}

namespace detail {

/// Reads a plan's fields, each within its limits. Errors name the file, the field and the value.
class PlanReader {
 public:
  PlanReader(const ordo::Json& json, std::string file) : json_(&json), file_(std::move(file)) {}

  template <class... Parts>
  void require(bool holds, const Parts&... parts) const {
    ordo::require(holds, "findings", file_, ": ", parts...);
  }
  template <class T>
  void number(const char* key, T& to, double least, double most) const {
    to = ordo::json_field<T>(*json_, key, file_);
    check(key, to, least, most);
  }
  void truth(const char* key, bool& to) const { to = ordo::json_field<bool>(*json_, key, file_); }
  /// A list whose numbers rise.
  template <class T>
  void rising(const char* key, std::vector<T>& to, double least, double most, bool may_be_empty = false) const {
    const auto all = ordo::json_field<ordo::Json>(*json_, key, file_);
    require(all.is_array() && (may_be_empty || !all.empty()), "field '", key, "' must be a list",
            may_be_empty ? "" : " that is not empty");
    for (const ordo::Json& one : all) {
      const T value = ordo::json_field<T>(ordo::Json{{key, one}}, key, file_);
      check(key, value, least, most);
      require(to.empty() || value > to.back(), "field '", key, "' must rise (got ", value, " after ",
              to.empty() ? value : to.back(), ")");
      to.push_back(value);
    }
  }
  /// A list of objects with these fields and no others, none of them twice.
  template <class Take>
  void objects(const char* key, std::initializer_list<const char*> fields, const Take& take) const {
    const auto all = ordo::json_field<ordo::Json>(*json_, key, file_);
    require(all.is_array() && !all.empty(), "field '", key, "' must be a list that is not empty");
    for (auto one = all.begin(); one != all.end(); ++one) {
      require(one->is_object(), "field '", key, "' must hold objects (got ", ordo::json_text(*one), ")");
      for (const auto& [name, value] : one->items()) {
        const bool known = std::any_of(fields.begin(), fields.end(), [&](const char* field) { return name == field; });
        require(known, "field '", key, "' has the unknown field '", name, "'");
      }
      require(std::find(all.begin(), one, *one) == one, "field '", key, "' has ", ordo::json_text(*one), " twice");
      take(PlanReader(*one, file_));
    }
  }

 private:
  template <class T>
  void check(const char* key, T value, double least, double most) const {
    const auto number = static_cast<double>(value);
    require(number >= least && number <= most, "field '", key, "' must be from ", least, " to ", most, " (got ", value,
            ")");
  }

  const ordo::Json* json_;
  std::string file_;
};

}  // namespace detail

/// Reads what to_json wrote. Throws an Error that names the file and the field: one that is missing, unknown, of the
/// wrong kind, or out of range.
inline FindingsPlan read_findings_plan(const std::filesystem::path& path) {
  constexpr double many = 1e6;     // of what is counted
  constexpr double tokens = 1e12;  // far beyond what this study can train
  const ordo::Json json = ordo::read_json(path);
  const ordo::Json model = to_json(make_findings_plan(false));
  const detail::PlanReader read(json, path.string());
  read.require(json.is_object(), "must hold one JSON object");
  for (const auto& [key, value] : json.items()) read.require(model.contains(key), "has the unknown field '", key, "'");
  FindingsPlan p;
  read.number("context", p.context, 2, many);
  read.objects("sizes", {"layers", "width", "heads"}, [&](const detail::PlanReader& one) {
    GridSize size;
    one.number("layers", size.layers, 1, many);
    one.number("width", size.width, 1, many);
    one.number("heads", size.heads, 1, many);
    p.sizes.push_back(size);
  });
  read.objects("regularisation", {"weight_decay", "dropout"}, [&](const detail::PlanReader& one) {
    Regularisation way;
    one.number("weight_decay", way.weight_decay, 0, many);
    one.number("dropout", way.dropout, 0, 0.99);
    p.ways.push_back(way);
  });
  const double least = p.context;
  read.rising("budgets", p.budgets, least, tokens);
  read.rising("tokens_seen", p.tokens_seen, least, tokens);
  read.number("equal_tokens", p.equal_tokens, least, tokens);
  read.rising("longest_budgets", p.longest_budgets, least, tokens, true);
  read.number("longest_tokens", p.longest_tokens, 0, tokens);
  read.number("longest_sizes", p.longest_sizes, 1, static_cast<double>(p.sizes.size()));
  read.rising("orderings", p.orderings, 2, 1024);
  read.number("orderings_budget", p.orderings_budget, least, tokens);
  read.number("orderings_epochs", p.orderings_epochs, 1, many);
  read.number("orderings_size", p.orderings_size, 0, static_cast<double>(p.sizes.size() - 1));
  read.number("seeds", p.seeds, 2, 1000);
  read.number("choice_tasks", p.choice_tasks, 1, many);
  read.number("choice_draws", p.choice_draws, 1, many);
  read.number("samples", p.samples, 1, many);
  read.number("least_copy", p.least_copy, 1, many);
  read.number("windows", p.windows, 8, many);
  read.number("starts", p.starts, 1, many);
  read.number("resamples", p.resamples, 40, many);
  read.number("batch", p.batch, 1, many);
  read.number("learning_rate", p.learning_rate, 0, 10);
  read.number("init_std", p.init_std, 0, 10);
  read.truth("evidence", p.evidence);
  for (const std::int64_t unique : p.longest_budgets) {
    read.require(p.longest_tokens >= unique, "field 'longest_tokens' must be at least each of 'longest_budgets' (got ",
                 p.longest_tokens, ")");
    read.require(std::count(p.budgets.begin(), p.budgets.end(), unique) > 0,
                 "field 'longest_budgets' must be among the budgets (got ", unique, ")");
  }
  const auto repeats =
      std::count_if(p.budgets.begin(), p.budgets.end(), [&](std::int64_t unique) { return unique < p.equal_tokens; });
  const bool seen = std::count(p.tokens_seen.begin(), p.tokens_seen.end(), p.equal_tokens) > 0;
  read.require(seen && repeats > 1,
               "field 'equal_tokens' must be among 'tokens_seen', and above two of the budgets or more (got ",
               p.equal_tokens, ")");
  for (const GridSize& size : p.sizes) {
    ordo::ModelConfig{.layers = size.layers,
                      .width = size.width,
                      .heads = size.heads,
                      .vocab = 1,
                      .context = p.context,
                      .dropout = 0,
                      .init_std = 0.02}
        .check();
  }
  return p;
}

}  // namespace program
