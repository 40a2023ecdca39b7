#pragma once
// Rows eight columns at a time: numbers are kept in float or in bf16, computed in float, and moved 16 bytes at a time
// where rows begin at multiples of that.

#include <concepts>
#include <cstdint>

#include <ordo/backend/cuda/block.cuh>
#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

/// Columns first .. first + 7 of a row, or those that it has.
struct Columns {
  std::int64_t row;
  std::int64_t first;
  int count;
};

/// Whether these matrices, all of as many columns, may be moved 16 bytes at a time.
template <class... M>
[[nodiscard]] bool in_eights(const M&... m) {
  const auto aligned = [](const auto& one) {
    const auto number = static_cast<std::int64_t>(sizeof(*one.data));
    return one.cols % 8 == 0 && one.stride * number % 16 == 0 && reinterpret_cast<std::uintptr_t>(one.data) % 16 == 0;
  };
  return (aligned(m) && ...);
}

/// As floats; zeros behind the last column. Aligned: eight numbers that begin at a multiple of 16 bytes.
template <bool Aligned, class A>
ORDO_DEVICE void load(const A* row, const Columns& at, float (&to)[8]) {
  if constexpr (Aligned) {
    load_eight(row + at.first, to);
  } else {
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) to[i] = i < at.count ? static_cast<float>(row[at.first + i]) : 0.0F;
  }
}
template <bool Aligned, class A>
ORDO_DEVICE void store(A* row, const Columns& at, const float (&from)[8]) {
  if constexpr (Aligned) {
    store_eight(row + at.first, from);
  } else {
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) {
      if (i < at.count) row[at.first + i] = static_cast<A>(from[i]);
    }
  }
}

template <class F>
struct ByColumns {
  F f;
  std::int64_t cols;
  std::int64_t eights;  // in a row, the last one perhaps cut

  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = i / eights;
    const std::int64_t first = 8 * (i - row * eights);
    const std::int64_t left = cols - first;
    f(Columns{row, first, left < 8 ? static_cast<int>(left) : 8});
  }
};

/// Queues f(columns) for all of `rows` x `cols`, in no order. F is a struct with an ORDO_DEVICE operator().
template <class F>
void for_each_columns(Queue queue, std::int64_t rows, std::int64_t cols, const F& f) {
  const std::int64_t eights = (cols + 7) / 8;
  for_each(queue, rows * eights, ByColumns<F>{f, cols, eights});
}

}  // namespace ordo::cuda
