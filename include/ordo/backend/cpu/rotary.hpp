#pragma once
// Rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864). The pairs are (i, i + D / 2) within each head, as
// in Llama; the paper's are (2i, 2i + 1). The two differ by a fixed permutation of the channels.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/embedding.hpp>
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

/// Turns each pair of each turn's rows, in every head, by the angles of their positions; backward turns them back (the
/// transpose). table (positions, D / 2); what is written lies apart from what other turns read.
inline void rotate(const Cpu& cpu, const RotaryTable<float>& table, std::initializer_list<Turn<float>> turns,
                   int head_size, Rotation direction) {
  const std::int64_t half = head_size / 2;
  const float sign = direction == Rotation::forward ? 1.0F : -1.0F;
  for (const Turn<float>& turn : turns) {
    check_turn(turn, head_size);
    if (turn.stays()) continue;
    if (!turn.rows.empty()) cpu::check_rows("rotate", turn.rows, turn.to.rows, turn.x.rows);
    for (const std::int32_t p : turn.position) {
      require(p >= 0 && p < table.cosine.rows, "rotate", "positions must be below ", table.cosine.rows, " (got ", p,
              ")");
    }
    cpu::for_rows(cpu, turn.x.rows, turn.x.cols, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t s = first; s < last; ++s) {
        const auto at = static_cast<std::size_t>(s);
        float* const to = turn.to.row(turn.rows.empty() ? s : turn.rows[at]);
        if (to != turn.x.row(s)) std::copy_n(turn.x.row(s), turn.x.cols, to);
        if (turn.position.empty()) continue;
        const std::int32_t p = turn.position[at];
        for (std::int64_t head = 0; head < turn.x.cols; head += head_size) {
          cpu::turn(table.cosine.row(p), table.sine.row(p), sign, to + head, to + head + half, half);
        }
      }
    });
  }
}

}  // namespace ordo
