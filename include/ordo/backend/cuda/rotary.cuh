#pragma once
// Rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864). The pairs are (i, i + D / 2) within each head, as
// in Llama; the paper's are (2i, 2i + 1). The two differ by a fixed permutation of the channels.

#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/core/rotary.hpp>

namespace ordo {

namespace cuda {

template <class R>
struct Rotate {
  RotaryTable<R> table;
  const std::int32_t* position;
  Matrix<R> x;
  int half;  // D / 2
  R sign;

  /// Pair i: of row i / (C / 2), its (i % (C / 2))-th pair.
  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t pairs = x.cols / 2;
    const std::int64_t s = i / pairs;
    const std::int64_t head = i % pairs / half;
    const std::int64_t pair = i % pairs % half;
    const std::int32_t p = position[s];
    R* first = x.row(s) + head * 2 * half + pair;
    R* second = first + half;
    const R cosine = table.cosine.row(p)[pair];
    const R sine = sign * table.sine.row(p)[pair];
    const R a = *first;
    const R b = *second;
    *first = a * cosine - b * sine;
    *second = b * cosine + a * sine;
  }
};

}  // namespace cuda

/// Turns each pair of row s, in every head, by the angles of position[s]; backward turns it back (the transpose).
/// table (positions, D / 2), position (S), x (S, H D) in place. Positions must lie in the table.
template <class R>
void rotate(const CudaBackend<R>& b, const std::type_identity_t<RotaryTable<R>>& table,
            std::span<const std::int32_t> position, cuda::Out<R> x, int head_size, Rotation direction) {
  require(head_size > 0 && head_size % 2 == 0 && x.cols % head_size == 0, "rotate",
          "the head size must be even and divide the columns (got head size ", head_size, ", columns ", x.cols, ")");
  const R sign = direction == Rotation::forward ? R(1) : R(-1);
  cuda::for_each(b.queue(), x.rows * (x.cols / 2), cuda::Rotate<R>{table, position.data(), x, head_size / 2, sign});
}

}  // namespace ordo
