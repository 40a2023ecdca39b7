#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <array>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>

namespace ordo {

namespace cuda {

/// to[i] = the dropped from[i], and with `Adds` stream[rows[i]] more. Eight columns share their draws.
template <bool Adds, bool Aligned, class A>
struct Drop {
  Matrix<const A> stream;
  const std::int32_t* rows;
  Matrix<const A> from;
  Dropout dropout;
  const std::uint64_t* sample;
  const std::int32_t* slot;
  Matrix<A> to;

  ORDO_DEVICE void operator()(const Columns& at) const {
    float x[8];
    load<Aligned>(from.row(at.row), at, x);
    if (dropout.active()) {
      const float scale = dropout.scale();
      const std::array<std::uint32_t, 4> words = dropout.words(
          sample[at.row], 0, static_cast<std::uint32_t>(slot[at.row]), static_cast<std::uint32_t>(at.first / 8));
      ORDO_UNROLL
      for (unsigned i = 0; i < 8; ++i) {
        const std::uint32_t draw = (words[i / 2] >> (16 * (i % 2))) & 0xffffU;
        x[i] = draw < dropout.threshold ? 0.0F : scale * x[i];
      }
    }
    if constexpr (Adds) {
      float sum[8];
      load<Aligned>(stream.row(rows[at.row]), at, sum);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) x[i] += sum[i];
    }
    store<Aligned>(to.row(at.row), at, x);
  }
};

template <bool Adds, class A>
void drop(const CudaBackend<A>& b, In<A> stream, const std::int32_t* rows, In<A> from, Dropout dropout,
          RowPlaces places, Out<A> to) {
  const std::uint64_t* sample = places.sample.data();
  const std::int32_t* slot = places.slot.data();
  if (in_eights(from, to) && (!Adds || in_eights(stream))) {
    for_each_columns(b.queue(), from.rows, from.cols,
                     Drop<Adds, true, A>{stream, rows, from, dropout, sample, slot, to});
  } else {
    for_each_columns(b.queue(), from.rows, from.cols,
                     Drop<Adds, false, A>{stream, rows, from, dropout, sample, slot, to});
  }
}

}  // namespace cuda

/// y[i] = x[rows[i]] + dropped branch[i]. x (S, C), rows, places (Q), branch, y (Q, C); y lies apart from x. Places are
/// not read where dropout is off.
template <class A>
void join(const CudaBackend<A>& b, cuda::In<A> x, std::span<const std::int32_t> rows, cuda::In<A> branch,
          Dropout dropout, RowPlaces places, cuda::Out<A> y) {
  cuda::drop<true>(b, x, rows.data(), branch, dropout, places, y);
}

/// dy = dropped dx. dx, dy (S, C), places (S).
template <class A>
void dropout_gradient(const CudaBackend<A>& b, cuda::In<A> dx, Dropout dropout, RowPlaces places, cuda::Out<A> dy) {
  cuda::drop<false>(b, dx, nullptr, dx, dropout, places, dy);
}

}  // namespace ordo
