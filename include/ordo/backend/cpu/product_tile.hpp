#pragma once
// The inner loop of every matrix product: a tile of the result that stays in registers.

#include <cstdint>

#include <ordo/backend/cpu/simd.hpp>

namespace ordo::cpu {

/// The tile's shape: as many sums as leave room for a row of b and one number of a.
inline constexpr int tile_rows = 6;
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr int tile_vectors = 4;  // of 32 registers
#else
inline constexpr int tile_vectors = 2;  // of 16 registers
#endif
inline constexpr int tile_cols = tile_vectors * lanes;

/// A matrix read by element: (i, j) at data[i * row + j * col].
struct Strided {
  const float* data = nullptr;
  std::int64_t row = 0;
  std::int64_t col = 0;

  [[nodiscard]] const float* at(std::int64_t i, std::int64_t j) const { return data + i * row + j * col; }
  [[nodiscard]] Strided from(std::int64_t i, std::int64_t j) const { return {at(i, j), row, col}; }
};

/// c = a b, or c += a b: a (Rows, depth) strided, b (depth, Vectors * lanes) with rows b_row apart, c with rows c_row
/// apart.
template <int Rows, int Vectors>
[[gnu::always_inline]] inline void product_tile(std::int64_t depth, Strided a, const float* b, std::int64_t b_row,
                                                float* c, std::int64_t c_row, bool add) {
  Lanes total[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) total[r][v] = Lanes{};
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    Lanes y[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) {
      y[v] = load(b + k * b_row + v * lanes);
      pin(y[v]);
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const float x = a.data[r * a.row + k * a.col];
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) total[r][v] += y[v] * x;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) {
      float* to = c + r * c_row + v * lanes;
      store(to, add ? load(to) + total[r][v] : total[r][v]);
    }
  }
}

/// The same with `rows` known at run time, at most Rows.
template <int Rows, int Vectors>
inline void product_rows(std::int64_t rows, std::int64_t depth, Strided a, const float* b, std::int64_t b_row, float* c,
                         std::int64_t c_row, bool add) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return product_rows<Rows - 1, Vectors>(rows, depth, a, b, b_row, c, c_row, add);
  }
  product_tile<Rows, Vectors>(depth, a, b, b_row, c, c_row, add);
}

/// c (rows, cols) = or += a (rows, depth) b (depth, cols), for small matrices; cols is a multiple of `lanes`.
inline void small_product(std::int64_t rows, std::int64_t cols, std::int64_t depth, Strided a, const float* b,
                          std::int64_t b_row, float* c, std::int64_t c_row, bool add) {
  std::int64_t j = 0;
  for (; j + tile_cols <= cols; j += tile_cols) {
    for (std::int64_t i = 0; i < rows; i += tile_rows) {
      product_rows<tile_rows, tile_vectors>(rows - i < tile_rows ? rows - i : tile_rows, depth, a.from(i, 0), b + j,
                                            b_row, c + i * c_row + j, c_row, add);
    }
  }
  for (; j + 2 * lanes <= cols; j += 2 * lanes) {  // narrower and taller, with as many sums
    constexpr int tall = tile_rows * tile_vectors / 2;
    for (std::int64_t i = 0; i < rows; i += tall) {
      product_rows<tall, 2>(rows - i < tall ? rows - i : tall, depth, a.from(i, 0), b + j, b_row, c + i * c_row + j,
                            c_row, add);
    }
  }
  for (; j < cols; j += lanes) {
    constexpr int tall = 12;
    for (std::int64_t i = 0; i < rows; i += tall) {
      product_rows<tall, 1>(rows - i < tall ? rows - i : tall, depth, a.from(i, 0), b + j, b_row, c + i * c_row + j,
                            c_row, add);
    }
  }
}

}  // namespace ordo::cpu
