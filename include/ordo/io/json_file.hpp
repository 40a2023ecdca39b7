#pragma once
// JSON from files that may be wrong, and to files that must not be half written.

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <ordo/core/error.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/io/atomic_file.hpp>

namespace ordo {

/// A JSON value. Code outside this folder says Json, so that the library behind it is named in one place.
using Json = nlohmann::json;

/// Parses one JSON value. Throws an Error that names `name` for bad syntax, a name that an object has twice, and
/// nesting deeper than `depth` (printing a value takes stack).
[[nodiscard]] inline nlohmann::json parse_json(std::string_view text, const std::string& name, int depth = 64) {
  using json = nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int level, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      require(level < depth, "io", name, " nests deeper than ", depth, " levels");
    }
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      require(keys.back().insert(key).second, "io", name, " has the name '", key, "' twice in one object");
    }
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& error) {
    fail("io", name, " is no valid JSON (", error.what(), ")");
  }
}

[[nodiscard]] inline nlohmann::json read_json(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_json(file.text(), file.path());
}

/// Text that is no UTF-8 is written with replacement characters.
[[nodiscard]] inline std::string json_text(const nlohmann::json& value, int indent = -1) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline void write_json(const std::filesystem::path& path, const nlohmann::json& value) {
  write_file_atomically(path, json_text(value, 2) + "\n");
}

}  // namespace ordo
