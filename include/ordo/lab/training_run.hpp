#pragma once
// What a scaling law is fitted to: training runs, each with its size, its data and its loss.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>

namespace ordo {

/// One trained model and its final validation loss.
struct TrainingRun {
  std::string name;
  std::string factorization;  ///< empty where the table does not say
  double parameters = 0;      ///< N
  double tokens = 0;          ///< D, seen in training, repeats included
  double unique_tokens = 0;   ///< U
  double loss = 0;            ///< [nats/token]

  /// Passes over the unique tokens.
  [[nodiscard]] double epochs() const { return tokens / unique_tokens; }
};

namespace detail {

/// The fields of a line of comma-separated values; a field in double quotes may hold commas, and "" for a quote.
inline std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace detail

/// Reads a table of runs. The first line names the columns, in any order: `params` (or `parameters`), `train_tokens`
/// (or `tokens`), `unique_tokens` and `val_loss` (or `loss`) must be there, `name` and `factorization` may; others are
/// skipped. Throws an Error that names the file, the line and the value where a number is missing, not finite or not
/// positive. Unique tokens that were never reached do not count: U is at most D.
[[nodiscard]] inline std::vector<TrainingRun> read_training_runs(const std::filesystem::path& path) {
  constexpr auto where = "runs";
  std::ifstream file(path);
  require(file.good(), where, "cannot open ", path.string());
  std::string line;
  require(static_cast<bool>(std::getline(file, line)), where, path.string(),
          " is empty; its first line must name the "
          "columns");
  if (line.rfind("\xEF\xBB\xBF", 0) == 0) line.erase(0, 3);  // a byte-order mark
  const std::vector<std::string> header = detail::csv_fields(line);
  const auto column = [&](std::string_view a, std::string_view b) -> std::optional<std::size_t> {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (header[i] != a && header[i] != b) continue;
      require(!found, where, path.string(), " has two columns for one thing: '", header[found.value_or(0)], "' and '",
              header[i], "'");
      found = i;
    }
    return found;
  };
  const auto needed = [&](std::string_view a, std::string_view b) {
    const auto found = column(a, b);
    require(found.has_value(), where, path.string(), " has no column '", a, "' (its first line is '", line, "')");
    return *found;
  };
  const std::size_t parameters = needed("params", "parameters");
  const std::size_t tokens = needed("train_tokens", "tokens");
  const std::size_t unique = needed("unique_tokens", "unique_tokens");
  const std::size_t loss = needed("val_loss", "loss");
  const auto name = column("name", "name");
  const auto factorization = column("factorization", "factorization");

  std::vector<TrainingRun> runs;
  for (std::size_t number = 2; std::getline(file, line); ++number) {
    if (line.empty() || line == "\r") continue;
    const std::vector<std::string> fields = detail::csv_fields(line);
    require(fields.size() == header.size(), where, path.string(), ", line ", number, ": has ", fields.size(),
            " fields, but there are ", header.size(), " columns");
    const auto positive = [&](std::size_t i) {
      const std::string& text = fields[i];
      double value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      require(error == std::errc() && end == text.data() + text.size() && std::isfinite(value) && value > 0, where,
              path.string(), ", line ", number, ", column '", header[i], "': must be a positive number (got '", text,
              "')");
      return value;
    };
    TrainingRun run{name ? fields[*name] : std::string(),
                    factorization ? fields[*factorization] : std::string(),
                    positive(parameters),
                    positive(tokens),
                    positive(unique),
                    positive(loss)};
    run.unique_tokens = std::min(run.unique_tokens, run.tokens);
    runs.push_back(std::move(run));
  }
  require(file.eof(), where, "cannot read ", path.string(), " to its end");
  require(!runs.empty(), where, path.string(), " holds no run");
  return runs;
}

}  // namespace ordo
