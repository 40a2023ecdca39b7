#pragma once
// A model's shape, factorization and vocabulary as JSON: config.json, in the form in which Llama models carry it.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/data/codec.hpp>
#include <ordo/io/json_file.hpp>

namespace ordo {

/// The newest config.json that this build reads.
inline constexpr int config_format_version = 1;

/// Reads a field of the wanted type; throws an Error that names the file and the field otherwise.
template <class T>
[[nodiscard]] T json_field(const nlohmann::json& object, const std::string& key, const std::string& file) {
  require(object.is_object() && object.contains(key), "io", file, " has no field '", key, "'");
  const nlohmann::json& value = object.at(key);
  try {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      require(value.is_number_integer(), "io", file, ": field '", key, "' must be a whole number (got ",
              json_text(value), ")");
      if (value.is_number_unsigned()) {
        require(value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()), "io", file,
                ": field '", key, "' is too large (got ", json_text(value), ")");
      } else {
        require(std::is_signed_v<T> &&
                    value.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                "io", file, ": field '", key, "' is too small (got ", json_text(value), ")");
      }
    }
    return value.get<T>();
  } catch (const nlohmann::json::exception&) {
    fail("io", file, ": field '", key, "' has the wrong type (got ", json_text(value), ")");
  }
}

/// config.json of a model. A left-to-right model opens in `transformers` as a Llama: the start symbol is its
/// beginning-of-sequence token. What only this library knows stands under "ordo".
[[nodiscard]] inline nlohmann::json config_to_json(const ModelConfig& config, const std::string& factorization,
                                                   const TextCodec& codec) {
  return {
      {"architectures", {"LlamaForCausalLM"}},
      {"model_type", "llama"},
      {"hidden_size", config.width},
      {"intermediate_size", config.feed_forward()},
      {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads},
      {"num_key_value_heads", config.heads},
      {"head_dim", config.head_size()},
      {"hidden_act", "silu"},
      {"vocab_size", config.table_rows()},
      {"bos_token_id", config.start_token()},
      {"max_position_embeddings", config.context + 1},
      {"rope_theta", config.theta},
      {"rms_norm_eps", config.epsilon},
      {"initializer_range", config.init_std},
      {"attention_bias", false},
      {"mlp_bias", false},
      {"attention_dropout", config.dropout},
      {"tie_word_embeddings", true},
      {"torch_dtype", "float32"},
      {"ordo",
       {{"format_version", config_format_version},
        {"factorization", factorization},
        {"vocab", config.vocab},
        {"mask_token_id", config.mask_token()},
        {"dropout", config.dropout},
        {"codec", {{"kind", codec.kind()}, {"vocab", codec.vocab()}, {"code_points", codec.code_points()}}}}},
  };
}

/// What config.json says.
struct StoredConfig {
  ModelConfig config;
  std::string factorization;
  TextCodec codec;
};

/// Throws an Error that names the file and what is wrong; a newer format is refused with its number.
[[nodiscard]] inline StoredConfig config_from_json(const nlohmann::json& json, const std::string& file) {
  require(json.is_object() && json.contains("ordo"), "io", file, " is not the config.json of an ordo model");
  const nlohmann::json& own = json.at("ordo");
  const int version = json_field<int>(own, "format_version", file);
  require(version <= config_format_version, "io", file, " has format version ", version, ", newer than this build's ",
          config_format_version);
  StoredConfig stored;
  ModelConfig& c = stored.config;
  c.layers = json_field<int>(json, "num_hidden_layers", file);
  c.width = json_field<int>(json, "hidden_size", file);
  c.heads = json_field<int>(json, "num_attention_heads", file);
  c.hidden = json_field<int>(json, "intermediate_size", file);
  c.context = json_field<int>(json, "max_position_embeddings", file) - 1;
  c.theta = json_field<double>(json, "rope_theta", file);
  c.epsilon = json_field<double>(json, "rms_norm_eps", file);
  c.init_std = json_field<double>(json, "initializer_range", file);
  c.vocab = json_field<Token>(own, "vocab", file);
  c.dropout = json_field<double>(own, "dropout", file);
  c.check();
  stored.factorization = json_field<std::string>(own, "factorization", file);
  const auto codec = json_field<nlohmann::json>(own, "codec", file);
  stored.codec =
      TextCodec::restore(json_field<std::string>(codec, "kind", file), json_field<Token>(codec, "vocab", file),
                         json_field<std::vector<CodePoint>>(codec, "code_points", file));
  return stored;
}

}  // namespace ordo
