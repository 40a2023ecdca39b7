#pragma once
// Rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864). The pairs are (i, i + D / 2) within each head, as
// in Llama; the paper's are (2i, 2i + 1). The two differ by a fixed permutation of the channels.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/backend/reference/embedding.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/rotary.hpp>

namespace ordo {

/// Turns each pair of each turn's rows, in every head, by the angles of their positions; backward turns them back (the
/// transpose). table (positions, D / 2); what is written lies apart from what other turns read.
template <class R>
void rotate(const Reference<R>&, const std::type_identity_t<RotaryTable<R>>& table,
            std::type_identity_t<std::initializer_list<Turn<R>>> turns, int head_size, Rotation direction) {
  const std::int64_t half = head_size / 2;
  const R sign = direction == Rotation::forward ? R(1) : R(-1);
  for (const Turn<R>& turn : turns) {
    check_turn(turn, head_size);
    for (std::int64_t s = 0; s < turn.x.rows; ++s) {
      const auto at = static_cast<std::size_t>(s);
      R* const to = turn.to.row(turn.rows.empty() ? s : reference::row_of("rotate", turn.rows[at], turn.to.rows));
      if (to != turn.x.row(s)) std::copy_n(turn.x.row(s), turn.x.cols, to);
      if (turn.position.empty()) continue;
      const std::int32_t p = turn.position[at];
      require(p >= 0 && p < table.cosine.rows, "rotate", "positions must be below ", table.cosine.rows, " (got ", p,
              ")");
      for (std::int64_t head = 0; head < turn.x.cols; head += head_size) {
        R* first = to + head;
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
}

}  // namespace ordo
