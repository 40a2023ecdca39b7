#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <array>
#include <cstdint>
#include <span>
#include <type_traits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/backend/cuda/few_rows.cuh>
#include <ordo/backend/cuda/gemm.cuh>
#include <ordo/backend/cuda/linear.cuh>
#include <ordo/backend/cuda/rms_norm.cuh>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/next_norm.hpp>

namespace ordo {

namespace cuda {

/// Dropout of a branch's rows, eight columns at a time: those share their draws.
struct DropRows {
  Dropout dropout;
  const std::uint64_t* sample;
  const std::int32_t* slot;

  ORDO_DEVICE void operator()(const Columns& at, float (&x)[8]) const {
    if (!dropout.active()) return;
    const float scale = dropout.scale();
    const std::array<std::uint32_t, 4> words = dropout.words(
        sample[at.row], 0, static_cast<std::uint32_t>(slot[at.row]), static_cast<std::uint32_t>(at.first / 8));
    ORDO_UNROLL
    for (unsigned i = 0; i < 8; ++i) {
      const std::uint32_t draw = (words[i / 2] >> (16 * (i % 2))) & 0xffffU;
      x[i] = draw < dropout.threshold ? 0.0F : scale * x[i];
    }
  }
};

template <bool Aligned, class A>
struct DropoutGradient {
  Matrix<const A> dx;
  DropRows drop;
  Matrix<A> dy;

  ORDO_DEVICE void operator()(const Columns& at) const {
    float d[8];
    load<Aligned>(dx.row(at.row), at, d);
    drop(at, d);
    store<Aligned>(dy.row(at.row), at, d);
  }
};

/// y[s] = x[rows[s]] + the dropped branch[s], or x[s] where there are no rows; and the norm of y, as it was rounded.
/// One warp a row.
template <bool Aligned, class A>
ORDO_KERNEL join_norm_kernel(Matrix<const A> x, const std::int32_t* rows, Matrix<const A> branch, DropRows drop,
                             Matrix<A> y, NormRows<A> norm) {
  for_own_rows(y.rows, [&](std::int64_t s) {
    const A* stream = x.row(rows == nullptr ? s : rows[s]);
    float squares = 0;
    for_own_columns(s, y.cols, [&](const Columns& at) {
      float sum[8];
      float added[8];
      load<Aligned>(stream, at, sum);
      load<Aligned>(branch.row(s), at, added);
      drop(at, added);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) sum[i] = static_cast<float>(static_cast<A>(sum[i] + added[i]));
      store<Aligned>(y.row(s), at, sum);
      add_squares(sum, squares);
    });
    norm.template write<Aligned>(y, s, squares);
  });
}

/// y = h w^T + x of a few rows, by a warp for each column; the last block to be done norms y as it was rounded.
template <int Rows, bool Aligned, class A>
ORDO_KERNEL few_rows_norm_kernel(Matrix<const A> h, Matrix<const A> w, Matrix<const A> x, Matrix<A> y, NormRows<A> norm,
                                 int* arrived) {
  add_few_rows<Rows>(h, w, x, y);
  if (!is_last(arrived, blocks_x(), shared_memory<int>())) return;
  for (std::int64_t s = warp(); s < y.rows; s += block_threads() / warp_size)
    norm.template of_row<Aligned>(Matrix<const A>(y), s);
}

}  // namespace cuda

/// y[i] = x[rows[i]] + dropped (h w^T)[i], and the norm of y. x (S, C), rows (Q), or none for all in order, h (Q, in),
/// w (C, in), places (Q), room, y (Q, C); y lies apart from x. Places are not read where dropout is off. The product
/// adds x itself where it can, and rounds once: then the room is not written. Else a kernel joins and norms.
template <class A>
void join_branch(const CudaBackend<A>& b, cuda::In<A> x, std::span<const std::int32_t> rows, cuda::In<A> h,
                 cuda::In<A> w, Dropout dropout, RowPlaces places, cuda::Out<A> room, cuda::Out<A> y,
                 const std::type_identity_t<NextNorm<A, float>>& norm) {
  const cuda::NormRows<A> to{norm.gain.data(), static_cast<float>(norm.epsilon), norm.y, norm.inverse_rms.data()};
  const auto aligned = [&](const auto&... m) { return cuda::in_eights(y, norm.y, cuda::as_row(norm.gain), m...); };
  if (!dropout.active() && rows.empty() && cuda::are_few_rows(h, w)) {
    const Matrix<const A> stream = x;
    int* const arrived = b.context().counters(1);
    cuda::Grid grid = cuda::few_rows_grid(y.cols);
    grid.shared = sizeof(int);
    cuda::with_few_rows(y.rows, [&](auto count) {
      cuda::launch_early(
          b.queue(), grid,
          aligned() ? cuda::few_rows_norm_kernel<count(), true, A> : cuda::few_rows_norm_kernel<count(), false, A>, h,
          w, stream, y, to, arrived);
    });
    return;
  }
  if (!dropout.active() && rows.empty()) {
    cuda::multiply(b, h, cuda::Transposed::no, w, cuda::Transposed::yes, y, x.slice(0, y.rows));
    rms_norm(b, y, norm.gain, norm.epsilon, norm.y, norm.inverse_rms);
    return;
  }
  linear(b, h, w, room);
  const cuda::DropRows drop{dropout, places.sample.data(), places.slot.data()};
  cuda::launch(b.queue(), cuda::warp_a_row(y.rows),
               aligned(x, room) ? cuda::join_norm_kernel<true, A> : cuda::join_norm_kernel<false, A>, x, rows.data(),
               room, drop, y, to);
}

/// dy = dropped dx. dx, dy (S, C), places (S).
template <class A>
void dropout_gradient(const CudaBackend<A>& b, cuda::In<A> dx, Dropout dropout, RowPlaces places, cuda::Out<A> dy) {
  const cuda::DropRows drop{dropout, places.sample.data(), places.slot.data()};
  if (cuda::in_eights(dx, dy)) {
    cuda::for_each_columns(b.queue(), dx.rows, dx.cols, cuda::DropoutGradient<true, A>{dx, drop, dy});
  } else {
    cuda::for_each_columns(b.queue(), dx.rows, dx.cols, cuda::DropoutGradient<false, A>{dx, drop, dy});
  }
}

}  // namespace ordo
