#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <array>
#include <cstdint>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>

namespace ordo {

namespace cuda {

/// `to` becomes the dropped `from`, or is added to: eight columns at a time, which share their draws.
template <class R, bool Adds>
struct Drop {
  Matrix<const R> from;
  Matrix<R> to;
  Dropout dropout;
  const std::uint64_t* sample;
  const std::int32_t* slot;
  std::int64_t eights;  // in a row, the last one perhaps cut

  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t s = i / eights;
    const std::int64_t block = i % eights;
    const std::int64_t first = 8 * block;
    const std::int64_t last = first + 8 < from.cols ? first + 8 : from.cols;
    const R scale = dropout.active() ? static_cast<R>(dropout.scale()) : R(1);
    std::array<std::uint32_t, 4> words{};
    if (dropout.active()) {
      words = dropout.words(sample[s], 0, static_cast<std::uint32_t>(slot[s]), static_cast<std::uint32_t>(block));
    }
    for (std::int64_t c = first; c < last; ++c) {
      const auto within = static_cast<unsigned>(c - first);
      const std::uint32_t draw = (words[within / 2] >> (16 * (within % 2))) & 0xffffU;
      const R kept = dropout.active() && draw < dropout.threshold ? R(0) : scale * from.row(s)[c];
      if constexpr (Adds) {
        to.row(s)[c] += kept;
      } else {
        to.row(s)[c] = kept;
      }
    }
  }
};

template <bool Adds, class R>
void drop(const CudaBackend<R>& b, In<R> from, Dropout dropout, RowPlaces places, Out<R> to) {
  const std::int64_t eights = (from.cols + 7) / 8;
  for_each(b.queue(), from.rows * eights,
           Drop<R, Adds>{from, to, dropout, places.sample.data(), places.slot.data(), eights});
}

}  // namespace cuda

/// x += dropped y. y, x (S, C), places (S), not read where dropout is off.
template <class R>
void add_dropout(const CudaBackend<R>& b, cuda::In<R> y, Dropout dropout, RowPlaces places, cuda::Out<R> x) {
  cuda::drop<true>(b, y, dropout, places, x);
}

/// dy = dropped dx. dx, dy (S, C), places (S).
template <class R>
void dropout_gradient(const CudaBackend<R>& b, cuda::In<R> dx, Dropout dropout, RowPlaces places, cuda::Out<R> dy) {
  cuda::drop<false>(b, dx, dropout, places, dy);
}

}  // namespace ordo
