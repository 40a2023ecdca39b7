#pragma once
// The one list of a transformer's parameters: allocation, initialisation, checkpoints, decay and tests follow it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <ordo/core/config.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

/// How a parameter is initialised and whether weight decay applies (gains do not decay).
enum class ParameterKind : std::uint8_t { matrix, gain };

/// One tensor, by the name that Llama checkpoints give it. Matrices are (rows, cols) = (out, in); a gain is (cols).
struct Parameter {
  std::string name;
  ParameterKind kind = ParameterKind::matrix;
  std::int64_t rows = 1;
  std::int64_t cols = 0;
  std::int64_t offset = 0;  ///< of the first number in the flat vector of all parameters

  [[nodiscard]] std::int64_t size() const { return rows * cols; }
};

/// All parameters in the order in which they lie in memory. q, k and v follow one another, and so do gate and up,
/// so that each group is one matrix for the product.
[[nodiscard]] inline std::vector<Parameter> parameter_list(const ModelConfig& config) {
  std::vector<Parameter> list;
  std::int64_t offset = 0;
  const auto add = [&](std::string name, ParameterKind kind, std::int64_t rows, std::int64_t cols) {
    list.push_back({std::move(name), kind, rows, cols, offset});
    offset += rows * cols;
  };
  const std::int64_t c = config.width;
  const std::int64_t f = config.feed_forward();
  add("model.embed_tokens.weight", ParameterKind::matrix, config.table_rows(), c);
  for (int l = 0; l < config.layers; ++l) {
    const std::string layer = "model.layers." + std::to_string(l) + ".";
    add(layer + "input_layernorm.weight", ParameterKind::gain, 1, c);
    add(layer + "self_attn.q_proj.weight", ParameterKind::matrix, c, c);
    add(layer + "self_attn.k_proj.weight", ParameterKind::matrix, c, c);
    add(layer + "self_attn.v_proj.weight", ParameterKind::matrix, c, c);
    add(layer + "self_attn.o_proj.weight", ParameterKind::matrix, c, c);
    add(layer + "post_attention_layernorm.weight", ParameterKind::gain, 1, c);
    add(layer + "mlp.gate_proj.weight", ParameterKind::matrix, f, c);
    add(layer + "mlp.up_proj.weight", ParameterKind::matrix, f, c);
    add(layer + "mlp.down_proj.weight", ParameterKind::matrix, c, f);
  }
  add("model.norm.weight", ParameterKind::gain, 1, c);
  return list;
}

/// Numbers of one kind that lie one after the other.
struct ParameterRange {
  std::size_t first = 0;
  std::size_t size = 0;
  ParameterKind kind = ParameterKind::matrix;
};

/// The longest such ranges, all numbers in their order.
[[nodiscard]] inline std::vector<ParameterRange> parameter_ranges(const std::vector<Parameter>& list) {
  std::vector<ParameterRange> ranges;
  for (const Parameter& p : list) {
    if (ranges.empty() || ranges.back().kind != p.kind) {
      ranges.push_back({static_cast<std::size_t>(p.offset), 0, p.kind});
    }
    ranges.back().size += static_cast<std::size_t>(p.size());
  }
  return ranges;
}

/// How many numbers the list holds.
[[nodiscard]] inline std::int64_t parameter_count(const std::vector<Parameter>& list) {
  return list.empty() ? 0 : list.back().offset + list.back().size();
}

/// The parameters (or their gradients) as the matrices that the network multiplies by, in M, and the gains, in R. Both
/// may be const.
template <class M, class R = M>
struct ParameterViews {
  struct Layer {
    std::span<R> attention_gain;     // (C)
    Matrix<M> qkv;                   // (3 C, C)
    Matrix<M> out;                   // (C, C)
    std::span<R> feed_forward_gain;  // (C)
    Matrix<M> gate_up;               // (2 F, C)
    Matrix<M> down;                  // (C, F)
  };
  Matrix<M> table;  // (V + 2, C)
  std::vector<Layer> layers;
  std::span<R> final_gain;  // (C)

  /// Views into flat vectors of all parameters, laid out as parameter_list(config) says: matrices in the one, gains in
  /// the other.
  ParameterViews(const ModelConfig& config, M* matrices, R* gains) {
    const std::int64_t c = config.width;
    const std::int64_t f = config.feed_forward();
    std::int64_t offset = 0;
    const auto matrix = [&](std::int64_t rows, std::int64_t cols) {
      Matrix<M> view(matrices + offset, rows, cols);
      offset += rows * cols;
      return view;
    };
    const auto gain = [&] {
      std::span<R> view(gains + offset, static_cast<std::size_t>(c));
      offset += c;
      return view;
    };
    table = matrix(config.table_rows(), c);
    layers.reserve(static_cast<std::size_t>(config.layers));
    for (int l = 0; l < config.layers; ++l) {
      Layer layer;
      layer.attention_gain = gain();
      layer.qkv = matrix(3 * c, c);
      layer.out = matrix(c, c);
      layer.feed_forward_gain = gain();
      layer.gate_up = matrix(2 * f, c);
      layer.down = matrix(c, f);
      layers.push_back(layer);
    }
    final_gain = gain();
  }
};

}  // namespace ordo
