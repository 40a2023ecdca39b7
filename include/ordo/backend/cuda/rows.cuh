#pragma once
// Picks rows of a packed batch, and puts or adds them back.

#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>

namespace ordo {

namespace cuda {

enum class Moves : unsigned char { gather, scatter_add };

template <Moves Move, bool Aligned, class A>
struct MoveRows {
  Matrix<const A> from;
  const std::int32_t* rows;
  Matrix<A> to;

  ORDO_DEVICE void operator()(const Columns& at) const {
    float numbers[8];
    load<Aligned>(from.row(Move == Moves::gather ? rows[at.row] : at.row), at, numbers);
    A* there = to.row(Move == Moves::gather ? at.row : rows[at.row]);
    if constexpr (Move == Moves::scatter_add) {
      float sum[8];
      load<Aligned>(there, at, sum);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) numbers[i] += sum[i];
    }
    store<Aligned>(there, at, numbers);
  }
};

template <Moves Move, class A>
void move_rows(const CudaBackend<A>& b, Matrix<const A> from, std::span<const std::int32_t> rows, Matrix<A> to) {
  const auto count = static_cast<std::int64_t>(rows.size());
  if (in_eights(from, to)) {
    for_each_columns(b.queue(), count, to.cols, MoveRows<Move, true, A>{from, rows.data(), to});
  } else {
    for_each_columns(b.queue(), count, to.cols, MoveRows<Move, false, A>{from, rows.data(), to});
  }
}

}  // namespace cuda

/// y[i] = x[rows[i]]. x (S, C), rows (Q), y (Q, C). Rows must lie in x.
template <class A>
void gather(const CudaBackend<A>& b, cuda::In<A> x, std::span<const std::int32_t> rows, cuda::Out<A> y) {
  cuda::move_rows<cuda::Moves::gather>(b, x, rows, y);
}

/// x[rows[i]] += y[i]; the rows differ. y (Q, C), rows (Q), x (S, C).
template <class A>
void scatter_add(const CudaBackend<A>& b, cuda::In<A> y, std::span<const std::int32_t> rows, cuda::Out<A> x) {
  cuda::move_rows<cuda::Moves::scatter_add>(b, y, rows, x);
}

}  // namespace ordo
