#pragma once
// The shape of a transformer: run-time numbers, checked in one place.

#include <cmath>
#include <cstdint>

#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// Shape and constants of the network. Only what a checkpoint must know; training settings live in TrainOptions.
struct ModelConfig {
  int layers = 3;          ///< L
  int width = 128;         ///< C, a multiple of heads
  int heads = 4;           ///< H; the head size D = C / H must be even
  int hidden = 0;          ///< F, inner width of the feed-forward part; 0: floor((8 C / 3) / 64) * 64, at least 64
  Token vocab = 256;       ///< V, data tokens; the mask and the start symbol are added to the table
  int context = 256;       ///< T, the longest sequence [tokens]
  double dropout = 0.1;    ///< rate on attention and on both branches, while training
  double theta = 10000;    ///< base of the rotary angles
  double epsilon = 1e-5;   ///< added to the mean square in RMSNorm
  double init_std = 0.02;  ///< standard deviation of the initial weights

  [[nodiscard]] int head_size() const { return width / heads; }
  /// F with the default filled in (Prabhudesai et al. 2025, arXiv:2507.15857).
  [[nodiscard]] int feed_forward() const {
    const int rounded = (8 * width / 3) / 64 * 64;
    return hidden > 0 ? hidden : (rounded < 64 ? 64 : rounded);
  }
  /// Rows of the embedding table: V data tokens, the mask, the start.
  [[nodiscard]] Token table_rows() const { return vocab + 2; }
  [[nodiscard]] Token mask_token() const { return vocab; }
  [[nodiscard]] Token start_token() const { return vocab + 1; }

  /// Throws an Error that names the first setting that cannot work, and its value.
  void check() const {
    constexpr auto where = "model";
    require(layers > 0, where, "layers must be positive (got ", layers, ")");
    require(layers < 1024, where, "layers must be below 1024 (got ", layers, ")");
    require(width > 0, where, "width must be positive (got ", width, ")");
    require(width <= 65536, where, "width must be at most 65536 (got ", width, ")");
    require(heads > 0, where, "heads must be positive (got ", heads, ")");
    require(heads < 4096, where, "heads must be below 4096 (got ", heads, ")");
    require(width % heads == 0, where, "width must be divisible by heads (got width ", width, ", heads ", heads, ")");
    require(head_size() % 2 == 0, where, "width / heads must be even for rotary positions (got ", head_size(), ")");
    require(hidden >= 0, where, "hidden must not be negative (got ", hidden, ")");
    require(hidden <= 1048576, where, "hidden must be at most 1048576 (got ", hidden, ")");
    require(vocab > 0, where, "vocab must be positive (got ", vocab, ")");
    require(vocab <= (1 << 28), where, "vocab must be at most 2^28 (got ", vocab, ")");
    require(context > 0, where, "context must be positive (got ", context, ")");
    require(context <= (1 << 24), where, "context must be at most 2^24 (got ", context, ")");
    require((std::int64_t{context} + 1) * head_size() <= (std::int64_t{1} << 28), where,
            "(context + 1) times the head size must be at most 2^28 (got context ", context, ", head size ",
            head_size(), ")");
    require(dropout >= 0 && dropout < 1, where, "dropout must be in [0, 1) (got ", dropout, ")");
    require(theta > 0, where, "theta must be positive (got ", theta, ")");
    require(std::isfinite(theta), where, "theta must be finite (got ", theta, ")");
    require(epsilon > 0, where, "epsilon must be positive (got ", epsilon, ")");
    require(std::isfinite(epsilon), where, "epsilon must be finite (got ", epsilon, ")");
    require(init_std >= 0, where, "init_std must not be negative (got ", init_std, ")");
    require(std::isfinite(init_std), where, "init_std must be finite (got ", init_std, ")");
  }

  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};

}  // namespace ordo
