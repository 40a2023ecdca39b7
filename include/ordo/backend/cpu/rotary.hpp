#pragma once
// Rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864). The pairs are (i, i + D / 2) within each head, as
// in Llama; the paper's are (2i, 2i + 1). The two differ by a fixed permutation of the channels.

#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/rotary.hpp>

namespace ordo {

namespace cpu {

/// Turns the pairs (first[i], second[i]).
inline void turn(const float* __restrict cosine, const float* __restrict sine, float sign, float* __restrict first,
                 float* __restrict second, std::int64_t half) {
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = first[i];
    const float b = second[i];
    const float s = sign * sine[i];
    first[i] = a * cosine[i] - b * s;
    second[i] = b * cosine[i] + a * s;
  }
}

}  // namespace cpu

/// Turns each pair of row s, in every head, by the angles of position[s]; backward turns it back (the transpose).
/// table (positions, D / 2), position (S), x (S, H D) in place.
inline void rotate(const Cpu& cpu, const RotaryTable<float>& table, std::span<const std::int32_t> position,
                   Matrix<float> x, int head_size, Rotation direction) {
  require(head_size > 0 && head_size % 2 == 0 && x.cols % head_size == 0, "rotate",
          "the head size must be even and divide the columns (got head size ", head_size, ", columns ", x.cols, ")");
  for (const std::int32_t p : position) {
    require(p >= 0 && p < table.cosine.rows, "rotate", "positions must be below ", table.cosine.rows, " (got ", p, ")");
  }
  const std::int64_t half = head_size / 2;
  const float sign = direction == Rotation::forward ? 1.0F : -1.0F;
  cpu::for_rows(cpu, x.rows, x.cols, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s) {
      const std::int32_t p = position[static_cast<std::size_t>(s)];
      for (std::int64_t head = 0; head < x.cols; head += head_size) {
        float* pairs = x.row(s) + head;
        cpu::turn(table.cosine.row(p), table.sine.row(p), sign, pairs, pairs + half, half);
      }
    }
  });
}

}  // namespace ordo
