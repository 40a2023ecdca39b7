#pragma once
// Rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864). The pairs are (i, i + D / 2) within each head, as
// in Llama; the paper's are (2i, 2i + 1). The two differ by a fixed permutation of the channels.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/core/rotary.hpp>

namespace ordo {

namespace cuda {

inline constexpr int most_turns = 4;

/// A turn, and how many of its rows' heads there are with those of the turns before it.
template <class A>
struct TurnedHeads {
  const A* x;
  std::int64_t x_stride;
  const std::int32_t* position;
  A* to;
  std::int64_t to_stride;
  const std::int32_t* rows;
  int heads;
  std::int64_t end;
};

/// Of one head of one row: the first half of its columns, and the second with it.
template <bool Aligned, class A>
struct Rotate {
  RotaryTable<float> table;
  std::array<TurnedHeads<A>, most_turns> turns;
  int half;  // D / 2
  float sign;

  ORDO_DEVICE void operator()(const Columns& at) const {
    std::size_t t = 0;
    std::int64_t before = 0;
    while (at.row >= turns[t].end) before = turns[t++].end;
    const TurnedHeads<A>& turn = turns[t];
    const std::int64_t s = (at.row - before) / turn.heads;
    const std::int64_t column = (at.row - before - s * turn.heads) * 2 * half;
    const A* x = turn.x + s * turn.x_stride + column;
    A* to = turn.to + (turn.rows == nullptr ? s : turn.rows[s]) * turn.to_stride + column;
    float a[8];
    float b[8];
    load<Aligned>(x, at, a);
    load<Aligned>(x + half, at, b);
    if (turn.position != nullptr) {
      const std::int32_t p = turn.position[s];
      float cosine[8];
      float sine[8];
      load<Aligned>(table.cosine.row(p), at, cosine);
      load<Aligned>(table.sine.row(p), at, sine);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) {
        const float angle = sign * sine[i];
        const float was = a[i];
        a[i] = was * cosine[i] - b[i] * angle;
        b[i] = b[i] * cosine[i] + was * angle;
      }
    }
    store<Aligned>(to, at, a);
    store<Aligned>(to + half, at, b);
  }
};

}  // namespace cuda

/// Turns each pair of each turn's rows, in every head, by the angles of their positions; backward turns them back (the
/// transpose). table (positions, D / 2); what is written lies apart from what other turns read. Positions
/// must lie in the table, rows in what they are written to. At most four turns, in one kernel.
template <class A>
void rotate(const CudaBackend<A>& b, const RotaryTable<float>& table,
            std::type_identity_t<std::initializer_list<Turn<A>>> turns, int head_size, Rotation direction) {
  require(turns.size() <= cuda::most_turns, "rotate", "at most ", cuda::most_turns,
          " matrices are turned at a time (got ", turns.size(), ")");
  const int half = head_size / 2;
  const float sign = direction == Rotation::forward ? 1.0F : -1.0F;
  std::array<cuda::TurnedHeads<A>, cuda::most_turns> heads{};
  std::size_t count = 0;
  std::int64_t all = 0;
  bool aligned = cuda::in_eights(table.cosine, table.sine);
  for (const Turn<A>& turn : turns) {
    check_turn(turn, head_size);
    if (turn.stays() || turn.x.rows == 0 || turn.x.cols == 0) continue;
    const int of_row = static_cast<int>(turn.x.cols / head_size);
    all += turn.x.rows * of_row;
    heads[count++] = {turn.x.data,
                      turn.x.stride,
                      turn.position.empty() ? nullptr : turn.position.data(),
                      turn.to.data,
                      turn.to.stride,
                      turn.rows.empty() ? nullptr : turn.rows.data(),
                      of_row,
                      all};
    aligned = aligned && cuda::in_eights(Matrix<const A>(turn.x.data, turn.x.rows, half, turn.x.stride),
                                         Matrix<const A>(turn.to.data, turn.to.rows, half, turn.to.stride));
  }
  if (aligned) {
    cuda::for_each_columns(b.queue(), all, half, cuda::Rotate<true, A>{table, heads, half, sign});
  } else {
    cuda::for_each_columns(b.queue(), all, half, cuda::Rotate<false, A>{table, heads, half, sign});
  }
}

}  // namespace ordo
