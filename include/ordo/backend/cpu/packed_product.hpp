#pragma once
// Matrix products on one thread, blocked for the caches as by Goto and van de Geijn 2008, "Anatomy of
// high-performance matrix multiplication": blocks of b are copied into panels as wide as the register tile.

#include <algorithm>
#include <cstdint>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/product_tile.hpp>
#include <ordo/backend/cpu/simd.hpp>

namespace ordo::cpu {

inline constexpr std::int64_t depth_block = 384;  // a panel of b has this many rows at most
inline constexpr std::int64_t cols_block = 256;   // a block of panels: 384 KiB, within the second cache

inline constexpr std::int64_t rows_block = 16 * tile_rows;
/// From this distance on [numbers] the columns of a transposed a are copied together: each step along the depth would
/// touch another page of memory.
inline constexpr std::int64_t far_apart = 1024;

/// Copies a block of a (rows, depth), its columns far apart, into tiles (depth, tile_rows).
inline void pack_rows(std::int64_t rows, std::int64_t depth, Strided a, float* tiles) {
  for (std::int64_t k = 0; k < depth; ++k) {
    const float* from = a.at(0, k);
    float* to = tiles + k * tile_rows;
    std::int64_t i = 0;
    for (; i + tile_rows <= rows; i += tile_rows) {
      for (std::int64_t r = 0; r < tile_rows; ++r) to[i * depth + r] = from[i + r];
    }
    for (std::int64_t r = 0; r < rows - i; ++r) to[i * depth + r] = from[i + r];
  }
}

/// Copies b (depth, cols) into a panel (depth, tile_cols), zeros behind its columns.
inline void pack_panel(std::int64_t depth, std::int64_t cols, Strided b, float* panel) {
  if (cols < tile_cols) std::fill(panel, panel + depth * tile_cols, 0.0F);
  if (b.col == 1) {
    for (std::int64_t k = 0; k < depth; ++k) std::copy_n(b.at(k, 0), cols, panel + k * tile_cols);
    return;
  }
  if (b.row == 1) return copy_transposed(cols, depth, b.data, b.col, 1.0F, panel, tile_cols);
  for (std::int64_t k = 0; k < depth; ++k) {
    for (std::int64_t j = 0; j < cols; ++j) panel[k * tile_cols + j] = *b.at(k, j);
  }
}

/// c (rows, cols) = or += a (rows, depth) panel, where cols may be less than the panel's width.
inline void panel_product(std::int64_t rows, std::int64_t cols, std::int64_t depth, Strided a, const float* panel,
                          float* c, std::int64_t c_row, bool add) {
  if (cols == tile_cols) {
    for (std::int64_t i = 0; i < rows; ++i) {  // c arrives from memory while the product is under way
      for (std::int64_t j = 0; j < cols; j += 16) __builtin_prefetch(c + i * c_row + j, 1);
    }
    product_rows<tile_rows, tile_vectors>(rows, depth, a, panel, tile_cols, c, c_row, add);
    return;
  }
  alignas(64) float whole[tile_rows * tile_cols];
  product_rows<tile_rows, tile_vectors>(rows, depth, a, panel, tile_cols, whole, tile_cols, false);
  for (std::int64_t i = 0; i < rows; ++i) {
    float* to = c + i * c_row;
    const float* from = whole + i * tile_cols;
    for (std::int64_t j = 0; j < cols; ++j) to[j] = add ? to[j] + from[j] : from[j];
  }
}

/// c (m, n) = or += a (m, k) b (k, n); c's rows are c_row apart.
inline void packed_product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c,
                           std::int64_t c_row, bool add) {
  struct Packed;
  float* packed = scratch<Packed>(depth_block * (cols_block + rows_block));
  float* packed_a = packed + depth_block * cols_block;
  const bool copy_a = a.row == 1 && a.col >= far_apart;
  for (std::int64_t k0 = 0; k0 < k; k0 += depth_block) {
    const std::int64_t depth = std::min(depth_block, k - k0);
    for (std::int64_t n0 = 0; n0 < n; n0 += cols_block) {
      const std::int64_t width = std::min(cols_block, n - n0);
      for (std::int64_t j = 0; j < width; j += tile_cols) {
        pack_panel(depth, std::min<std::int64_t>(tile_cols, width - j), b.from(k0, n0 + j), packed + j * depth);
      }
      for (std::int64_t m0 = 0; m0 < m; m0 += rows_block) {
        const std::int64_t height = std::min(rows_block, m - m0);
        if (copy_a) pack_rows(height, depth, a.from(m0, k0), packed_a);
        for (std::int64_t i = 0; i < height; i += tile_rows) {
          const Strided rows = copy_a ? Strided{packed_a + i * depth, 1, tile_rows} : a.from(m0 + i, k0);
          for (std::int64_t j = 0; j < width; j += tile_cols) {
            panel_product(std::min<std::int64_t>(tile_rows, height - i), std::min<std::int64_t>(tile_cols, width - j),
                          depth, rows, packed + j * depth, c + (m0 + i) * c_row + n0 + j, c_row, add || k0 > 0);
          }
        }
      }
    }
  }
}

}  // namespace ordo::cpu
