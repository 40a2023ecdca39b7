#pragma once
// The state of a run in a folder: state-<step>.safetensors, and state.json, which says which one counts. Whenever the
// program is stopped, the folder holds one complete state.

#include <cstdint>
#include <filesystem>
#include <iomanip>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include <ordo/core/checksum.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/io/json_file.hpp>
#include <ordo/io/safetensors.hpp>
#include <ordo/io/safetensors_writer.hpp>

namespace ordo {

/// Changes whenever an older build could not read a state, or would read it wrongly.
inline constexpr int state_format_version = 1;

/// A state that was loaded: what the caller put into the manifest, and the tensors.
struct State {
  nlohmann::json manifest;
  SafetensorsFile tensors;
};

namespace checkpoint {

inline constexpr std::string_view manifest_name = "state.json";

inline std::string hexadecimal(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << std::setw(16) << std::setfill('0') << number;
  return text.str();
}

inline bool is_state_file(const std::string& name) {
  const bool partial = name == std::string(manifest_name) + ".partial";
  return partial || (name.starts_with("state-") && (name.ends_with(".safetensors") || name.ends_with(".partial")));
}

/// Removes all states but `kept`; a file that cannot be removed is left to the next save.
inline void remove_others(const std::filesystem::path& folder, const std::string& kept) {
  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = file.path().filename().string();
    if (is_state_file(name) && name != kept) std::filesystem::remove(file.path(), ignored);
  }
}

inline const nlohmann::json& field(const nlohmann::json& manifest, const char* key, const std::string& name) {
  require(manifest.is_object() && manifest.contains(key), "io", name, " has no field '", key, "'");
  return manifest[key];
}
inline std::uint64_t number(const nlohmann::json& manifest, const char* key, const std::string& name) {
  const nlohmann::json& value = field(manifest, key, name);
  require(value.is_number_unsigned(), "io", name, ": '", key, "' must be a whole number from 0 (got ", json_text(value),
          ")");
  return value.get<std::uint64_t>();
}
inline std::string word(const nlohmann::json& manifest, const char* key, const std::string& name) {
  const nlohmann::json& value = field(manifest, key, name);
  require(value.is_string(), "io", name, ": '", key, "' must be text (got ", json_text(value), ")");
  return value.get<std::string>();
}
inline void check_version(const nlohmann::json& manifest, const char* key, int known, bool older_too,
                          const std::string& name) {
  const std::uint64_t version = number(manifest, key, name);
  const auto mine = static_cast<std::uint64_t>(known);
  require(version <= mine, "io", name, " has ", key, " ", version, ", newer than this build's ", known);
  require(older_too || version == mine, "io", name, " has ", key, " ", version, ", older than this build's ", known,
          ": the run would go on with other draws");
}

}  // namespace checkpoint

/// Writes the tensors under a new name, then points the manifest to them, then removes older states and what a stopped
/// save left. `extra` (an object; 64-bit integers keep every bit) is given back by load_state. The folder must exist.
/// Throws an Error that names the file and the reason; the state before stays good.
inline void save_state(const std::filesystem::path& folder, std::uint64_t step, std::span<const NamedTensor> tensors,
                       const nlohmann::json& extra = nlohmann::json::object()) {
  require(extra.is_object(), "io", "what goes into a state's manifest must be an object (got ", json_text(extra), ")");
  const std::string stem = "state-" + std::to_string(step);
  std::string name = stem + ".safetensors";  // never the name of the state that counts now
  std::error_code ignored;
  for (int again = 2; std::filesystem::exists(folder / name, ignored); ++again) {
    name = stem + "-" + std::to_string(again) + ".safetensors";
  }
  AtomicFile file(folder / name);
  write_safetensors(file, tensors);
  file.commit();
  nlohmann::json manifest = {{"format_version", state_format_version},
                             {"draw_stream_version", draw_stream_version},
                             {"file", name},
                             {"bytes", file.size()},
                             {"checksum", checkpoint::hexadecimal(file.checksum())},
                             {"extra", extra}};
  try {
    write_json(folder / checkpoint::manifest_name, manifest);
  } catch (const Error&) {
    std::filesystem::remove(folder / name, ignored);  // nobody would find it
    throw;
  }
  checkpoint::remove_others(folder, name);
}

/// The state in this folder, or nothing if it has none. Throws an Error that names the file and both values if the
/// state is of a newer format, was made with other draws, or differs from what was written.
[[nodiscard]] inline std::optional<State> load_state(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / checkpoint::manifest_name;
  std::error_code unclear;  // then reading it tells why
  if (!std::filesystem::exists(path, unclear) && !unclear) return std::nullopt;
  const nlohmann::json manifest = read_json(path);
  const std::string name = path.string();
  checkpoint::check_version(manifest, "format_version", state_format_version, true, name);
  checkpoint::check_version(manifest, "draw_stream_version", draw_stream_version, false, name);
  const std::string file = checkpoint::word(manifest, "file", name);
  require(file.starts_with("state-") && std::filesystem::path(file).filename() == file, "io", name,
          " names a file that is no state of this folder (", file, ")");
  const MappedFile raw(folder / file);
  const std::uint64_t bytes = checkpoint::number(manifest, "bytes", name);
  require(raw.size() == bytes, "io", raw.path(), " has ", raw.size(), " bytes, but ", bytes, " were written");
  const std::string sum = checkpoint::hexadecimal(checksum(raw.bytes()));
  const std::string written = checkpoint::word(manifest, "checksum", name);
  require(sum == written, "io", raw.path(), " has the checksum ", sum, ", but ", written, " was written");
  return State{checkpoint::field(manifest, "extra", name), SafetensorsFile(folder / file)};
}

}  // namespace ordo
