#pragma once
// Rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864). The pairs are (i, i + D / 2) within each head, as
// in Llama; the paper's are (2i, 2i + 1). The two differ by a fixed permutation of the channels.

#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/rotary.hpp>

namespace ordo {

/// Turns each pair of row s, in every head, by the angles of position[s]; backward turns it back (the transpose).
/// table (positions, D / 2), position (S), x (S, H D) in place.
template <class R>
void rotate(const Reference<R>&, const std::type_identity_t<RotaryTable<R>>& table,
            std::span<const std::int32_t> position, reference::Out<R> x, int head_size, Rotation direction) {
  require(head_size > 0 && head_size % 2 == 0 && x.cols % head_size == 0, "rotate",
          "the head size must be even and divide the columns (got head size ", head_size, ", columns ", x.cols, ")");
  const std::int64_t half = head_size / 2;
  const R sign = direction == Rotation::forward ? R(1) : R(-1);
  for (std::int64_t s = 0; s < x.rows; ++s) {
    const std::int32_t p = position[static_cast<std::size_t>(s)];
    require(p >= 0 && p < table.cosine.rows, "rotate", "positions must be below ", table.cosine.rows, " (got ", p, ")");
    for (std::int64_t head = 0; head < x.cols; head += head_size) {
      R* first = x.row(s) + head;
      R* second = first + half;
      for (std::int64_t i = 0; i < half; ++i) {
        const R cosine = table.cosine.row(p)[i];
        const R sine = sign * table.sine.row(p)[i];
        const R a = first[i];
        const R b = second[i];
        first[i] = a * cosine - b * sine;
        second[i] = b * cosine + a * sine;
      }
    }
  }
}

}  // namespace ordo
