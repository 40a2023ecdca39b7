#pragma once
// The findings' plan as a JSON file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/io/json_file.hpp>

#include "support/findings/plan.hpp"
#include "support/sweep.hpp"

namespace program {

inline ordo::Json to_json(const FindingsPlan& p) {
  ordo::Json sizes = ordo::Json::array();
  for (const GridSize& s : p.sizes) sizes.push_back({{"layers", s.layers}, {"width", s.width}, {"heads", s.heads}});
  ordo::Json ways = ordo::Json::array();
  for (const Regularisation& w : p.regularisations)
    ways.push_back({{"weight_decay", w.weight_decay}, {"dropout", w.dropout}});
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
          {"smoke_test", p.smoke_test}};
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
      for (const auto& field : one->items()) {
        const bool known = std::find(fields.begin(), fields.end(), field.key()) != fields.end();
        require(known, "field '", key, "' has the unknown field '", field.key(), "'");
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
    p.regularisations.push_back(way);
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
  read.truth("smoke_test", p.smoke_test);
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
  const double few = p.repeated_about(4).epochs;
  read.require(few < p.repeated_about(100).epochs,
               "field 'budgets' needs two that 'equal_tokens' repeats, one about 4 times and one about 100 (", few,
               " passes are nearest to both)");
  for (const GridSize& size : p.sizes) {
    (void)config_of(p.run(autoregression, size, {}, p.regularisations.front(), 0), 1);
  }
  return p;
}

}  // namespace program
