#pragma once
// A trained model in a folder: model.safetensors and config.json.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <ordo/concepts/backend.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/data/codec.hpp>
#include <ordo/io/json_file.hpp>
#include <ordo/io/model_json.hpp>
#include <ordo/io/safetensors.hpp>
#include <ordo/io/safetensors_writer.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

/// The shape under which a parameter is stored: a gain is a vector.
[[nodiscard]] inline std::vector<std::int64_t> stored_shape(const Parameter& p) {
  if (p.kind == ParameterKind::gain) return {p.cols};
  return {p.rows, p.cols};
}

/// Appends one tensor for each parameter, its name behind `prefix`; the numbers are those of `flat`, which is laid
/// out as the network's values. No copy: `flat` must stay.
inline void append_tensors(std::vector<NamedTensor>& tensors, const std::vector<Parameter>& list,
                           const std::string& prefix, std::span<const float> flat) {
  for (const Parameter& p : list) {
    tensors.push_back({prefix + p.name, stored_shape(p),
                       flat.subspan(static_cast<std::size_t>(p.offset), static_cast<std::size_t>(p.size()))});
  }
}

/// Reads what append_tensors wrote; throws an Error that names a tensor that is missing or of another shape.
inline void copy_tensors(const SafetensorsFile& file, const std::vector<Parameter>& list, const std::string& prefix,
                         std::span<float> flat) {
  for (const Parameter& p : list) {
    file.copy(prefix + p.name, stored_shape(p),
              flat.subspan(static_cast<std::size_t>(p.offset), static_cast<std::size_t>(p.size())));
  }
}

/// Writes both files, each whole or not at all. The folder is made if need be. `weights` are laid out as a network's
/// values.
inline void write_model(const std::filesystem::path& folder, const ModelConfig& config, std::span<const float> weights,
                        const std::string& factorization, const TextCodec& codec) {
  std::filesystem::create_directories(folder);
  std::vector<NamedTensor> tensors;
  append_tensors(tensors, parameter_list(config), "", weights);
  write_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  write_json(folder / "config.json", config_to_json(config, factorization, codec));
}

/// The same, of a network.
template <Backend B>
void write_model(const std::filesystem::path& folder, const Network<B>& network, const std::string& factorization,
                 const TextCodec& codec) {
  static_assert(std::is_same_v<ScalarOf<B>, float>, "[ordo] files hold 32-bit floats");
  HostCopy<float> copy;
  write_model(folder, network.config(), copy.of(network.backend(), network.values()), factorization, codec);
}

/// A model that was read: pass `network` and a factorization to evaluate or generate.
template <Backend B>
struct LoadedModel {
  Network<B> network;
  std::string factorization;  ///< name of the policy that it was trained under (see factorization_from_name)
  TextCodec codec;
};

/// Reads what write_model (or a finished training run) left. Throws an Error that names the file and what is wrong.
template <Backend B>
[[nodiscard]] LoadedModel<B> read_model(const std::filesystem::path& folder, B backend = B()) {
  static_assert(std::is_same_v<ScalarOf<B>, float>, "[ordo] files hold 32-bit floats");
  std::error_code unclear;  // where rights are missing: then reading the file tells
  require(std::filesystem::is_directory(folder, unclear) || unclear == std::errc::permission_denied, "io",
          "there is no folder '", folder.string(), "'");
  const std::filesystem::path config_path = folder / "config.json";
  require(std::filesystem::exists(config_path, unclear) || unclear, "io", folder.string(),
          " holds no model: it has no config.json");
  const StoredConfig stored = config_from_json(read_json(config_path), config_path.string());
  const std::filesystem::path weights = folder / "model.safetensors";
  require(std::filesystem::exists(weights), "io", folder.string(),
          " holds no finished model: it has no model.safetensors (go on with the training run first)");
  const SafetensorsFile file(weights);  // before the network, so that a wrong shape fails before much is allocated
  const std::vector<Parameter> list = parameter_list(stored.config);
  require(file.bytes().size() / sizeof(float) >= static_cast<std::size_t>(parameter_count(list)), "io",
          weights.string(), " has ", file.bytes().size(), " bytes, too few for the ", parameter_count(list),
          " parameters that ", config_path.string(), " describes");
  LoadedModel<B> model{Network<B>(stored.config, std::move(backend)), stored.factorization, stored.codec};
  write_from_host(model.network.backend(), model.network.values(),
                  [&](std::span<float> values) { copy_tensors(file, list, "", values); });
  return model;
}

}  // namespace ordo
