#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <array>
#include <cstdint>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>

namespace ordo {

namespace cuda {

/// `to` becomes the dropped `from`, or is added to. Eight columns share their draws.
template <bool Adds, bool Aligned, class A>
struct Drop {
  Matrix<const A> from;
  Matrix<A> to;
  Dropout dropout;
  const std::uint64_t* sample;
  const std::int32_t* slot;

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
      load<Aligned>(to.row(at.row), at, sum);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) x[i] += sum[i];
    }
    store<Aligned>(to.row(at.row), at, x);
  }
};

template <bool Adds, class A>
void drop(const CudaBackend<A>& b, In<A> from, Dropout dropout, RowPlaces places, Out<A> to) {
  const std::uint64_t* sample = places.sample.data();
  const std::int32_t* slot = places.slot.data();
  if (in_eights(from, to)) {
    for_each_columns(b.queue(), from.rows, from.cols, Drop<Adds, true, A>{from, to, dropout, sample, slot});
  } else {
    for_each_columns(b.queue(), from.rows, from.cols, Drop<Adds, false, A>{from, to, dropout, sample, slot});
  }
}

}  // namespace cuda

/// x += dropped y. y, x (S, C), places (S), not read where dropout is off.
template <class A>
void add_dropout(const CudaBackend<A>& b, cuda::In<A> y, Dropout dropout, RowPlaces places, cuda::Out<A> x) {
  cuda::drop<true>(b, y, dropout, places, x);
}

/// dy = dropped dx. dx, dy (S, C), places (S).
template <class A>
void dropout_gradient(const CudaBackend<A>& b, cuda::In<A> dx, Dropout dropout, RowPlaces places, cuda::Out<A> dy) {
  cuda::drop<false>(b, dx, dropout, places, dy);
}

}  // namespace ordo
