#pragma once
// The grid of a sweep: a small JSON file whose lists are multiplied with one another.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/ladder.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/io/json_file.hpp>
#include <ordo/io/model_json.hpp>
#include <ordo/lab/run_record.hpp>

namespace program {

struct GridSize {
  int layers = 0;
  int width = 0;
  int heads = 0;
};

struct Grid {
  std::vector<std::string> factorizations;
  std::vector<GridSize> sizes;
  std::vector<std::int64_t> unique_tokens;
  std::vector<double> epochs;
  std::vector<std::uint64_t> seeds = {0};
  std::vector<double> weight_decay = {0.1};
  std::vector<double> dropout = {0.1};
  std::vector<double> learning_rate = {1e-3};
  int batch = 8;
  int context = 128;
  double init_std = 0.06;

  /// Every run of the grid, each once.
  [[nodiscard]] std::vector<ordo::RunSettings> runs() const {
    std::vector<ordo::RunSettings> all;
    for (const std::string& factorization : factorizations) {
      for (const GridSize& size : sizes) {
        for (const std::int64_t unique : unique_tokens) {
          for (const double passes : epochs) {
            for (const std::uint64_t seed : seeds) {
              for (const double decay : weight_decay) {
                for (const double drop : dropout) {
                  for (const double rate : learning_rate) {
                    ordo::RunSettings run{factorization, size.layers, size.width, size.heads, context,
                                          drop,          init_std,    unique,     passes,     seed,
                                          decay,         batch,       rate,       "",         ""};
                    if (std::find(all.begin(), all.end(), run) == all.end()) all.push_back(std::move(run));
                  }
                }
              }
            }
          }
        }
      }
    }
    return all;
  }
};

namespace detail {

template <class T>
std::vector<T> list(const ordo::Json& json, const char* key, const std::string& file, std::vector<T> otherwise = {}) {
  if (!json.contains(key) && !otherwise.empty()) return otherwise;
  ordo::require(json.contains(key), "sweep", file, " has no field '", key, "'");
  std::vector<T> values;
  if (json.at(key).is_array()) {
    for (const auto& value : json.at(key)) {
      values.push_back(ordo::json_field<T>(ordo::Json{{key, value}}, key, file));
    }
  } else {
    values.push_back(ordo::json_field<T>(json, key, file));
  }
  ordo::require(!values.empty(), "sweep", file, ": '", key, "' is an empty list, so the grid has no run");
  return values;
}

}  // namespace detail

/// Reads a grid. Throws an Error that names the file and the field: one that is missing, unknown, empty, or of the
/// wrong kind.
inline Grid read_grid(const std::filesystem::path& path) {
  const ordo::Json json = ordo::read_json(path);
  const std::string file = path.string();
  ordo::require(json.is_object(), "sweep", file, " must hold one JSON object");
  const std::set<std::string> known = {"factorizations", "sizes",        "unique_tokens", "epochs",
                                       "seeds",          "weight_decay", "dropout",       "learning_rate",
                                       "batch",          "context",      "init_std"};
  for (const auto& [key, value] : json.items()) {
    ordo::require(known.count(key) > 0, "sweep", file, " has the unknown field '", key, "'");
  }
  Grid grid;
  for (const std::string& name : detail::list<std::string>(json, "factorizations", file)) {
    grid.factorizations.push_back(ordo::factorization_from_name(name).name());
  }
  ordo::require(json.contains("sizes") && json.at("sizes").is_array() && !json.at("sizes").empty(), "sweep", file,
                ": 'sizes' must be a list of sizes: names such as \"7M\", or {\"layers\", \"width\", \"heads\"}");
  for (const auto& size : json.at("sizes")) {
    if (size.is_string()) {
      const ordo::NamedSize named = ordo::named_size(size.get<std::string>());
      grid.sizes.push_back({named.layers, named.width, named.heads});
    } else {
      ordo::require(size.is_object(), "sweep", file, ": each of 'sizes' must be a name or an object (got ",
                    ordo::json_text(size), ")");
      for (const auto& [key, value] : size.items()) {
        ordo::require(key == "layers" || key == "width" || key == "heads", "sweep", file,
                      ": a size has the unknown field '", key, "'");
      }
      grid.sizes.push_back({ordo::json_field<int>(size, "layers", file), ordo::json_field<int>(size, "width", file),
                            ordo::json_field<int>(size, "heads", file)});
    }
  }
  grid.unique_tokens = detail::list<std::int64_t>(json, "unique_tokens", file);
  grid.epochs = detail::list<double>(json, "epochs", file);
  grid.seeds = detail::list<std::uint64_t>(json, "seeds", file, grid.seeds);
  grid.weight_decay = detail::list<double>(json, "weight_decay", file, grid.weight_decay);
  grid.dropout = detail::list<double>(json, "dropout", file, grid.dropout);
  grid.learning_rate = detail::list<double>(json, "learning_rate", file, grid.learning_rate);
  if (json.contains("batch")) grid.batch = ordo::json_field<int>(json, "batch", file);
  if (json.contains("context")) grid.context = ordo::json_field<int>(json, "context", file);
  if (json.contains("init_std")) grid.init_std = ordo::json_field<double>(json, "init_std", file);
  for (const std::int64_t unique : grid.unique_tokens) {
    ordo::require(unique >= grid.context, "sweep", file, ": unique_tokens must be at least the context of ",
                  grid.context, " (got ", unique, ")");
  }
  for (const double passes : grid.epochs) {
    ordo::require(std::isfinite(passes) && passes > 0, "sweep", file, ": epochs must be positive (got ", passes, ")");
  }
  return grid;
}

}  // namespace program
