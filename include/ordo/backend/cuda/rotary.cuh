#pragma once
// Rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864). The pairs are (i, i + D / 2) within each head, as
// in Llama; the paper's are (2i, 2i + 1). The two differ by a fixed permutation of the channels.

#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/core/rotary.hpp>

namespace ordo {

namespace cuda {

/// Of row r / H, head r % H: the first half of its columns, and the second with it.
template <bool Aligned, class A>
struct Rotate {
  RotaryTable<float> table;
  const std::int32_t* position;
  Matrix<A> x;
  int half;  // D / 2
  int heads;
  float sign;

  ORDO_DEVICE void operator()(const Columns& at) const {
    const std::int64_t s = at.row / heads;
    A* first = x.row(s) + (at.row - s * heads) * 2 * half;
    A* second = first + half;
    const std::int32_t p = position[s];
    float cosine[8];
    float sine[8];
    float a[8];
    float b[8];
    load<Aligned>(table.cosine.row(p), at, cosine);
    load<Aligned>(table.sine.row(p), at, sine);
    load<Aligned>(first, at, a);
    load<Aligned>(second, at, b);
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) {
      const float turn = sign * sine[i];
      const float was = a[i];
      a[i] = was * cosine[i] - b[i] * turn;
      b[i] = b[i] * cosine[i] + was * turn;
    }
    store<Aligned>(first, at, a);
    store<Aligned>(second, at, b);
  }
};

}  // namespace cuda

/// Turns each pair of row s, in every head, by the angles of position[s]; backward turns it back (the transpose).
/// table (positions, D / 2), position (S), x (S, H D) in place. Positions must lie in the table.
template <class A>
void rotate(const CudaBackend<A>& b, const RotaryTable<float>& table, std::span<const std::int32_t> position,
            cuda::Out<A> x, int head_size, Rotation direction) {
  require(head_size > 0 && head_size % 2 == 0 && x.cols % head_size == 0, "rotate",
          "the head size must be even and divide the columns (got head size ", head_size, ", columns ", x.cols, ")");
  const float sign = direction == Rotation::forward ? 1.0F : -1.0F;
  const int half = head_size / 2;
  const int heads = static_cast<int>(x.cols / head_size);
  const Matrix<A> of_a_half(x.data, x.rows, half, x.stride);
  if (cuda::in_eights(of_a_half, table.cosine, table.sine)) {
    cuda::for_each_columns(b.queue(), x.rows * heads, half,
                           cuda::Rotate<true, A>{table, position.data(), x, half, heads, sign});
  } else {
    cuda::for_each_columns(b.queue(), x.rows * heads, half,
                           cuda::Rotate<false, A>{table, position.data(), x, half, heads, sign});
  }
}

}  // namespace ordo
