#pragma once
// Products of a few rows, as a step of sampling has them: a warp reads a row of weights once and multiplies all rows by
// it, so that the weights come as fast as memory gives them.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

inline constexpr std::int64_t most_few_rows = 8;  // above, matrix units are faster
inline constexpr int few_rows_threads = 128;

/// Whether the kernels below take this product, x w^T.
template <class A>
[[nodiscard]] bool are_few_rows(Matrix<const A> x, Matrix<const A> w) {
  return x.rows <= most_few_rows && in_eights(x, w);
}

/// Calls f with the rows that a kernel is compiled for, `rows` or more, as a constant.
template <class F>
void with_few_rows(std::int64_t rows, const F& f) {
  if (rows <= 1) return f(std::integral_constant<int, 1>{});
  if (rows <= 2) return f(std::integral_constant<int, 2>{});
  if (rows <= 4) return f(std::integral_constant<int, 4>{});
  f(std::integral_constant<int, 8>{});
}

/// A warp's: the products of x's rows with each of N rows of weights, the same for all lanes. Rows that x has not: 0.
template <int Rows, int N, class A>
ORDO_DEVICE void dots(Matrix<const A> x, const A* const (&w)[N], float (&sums)[N][Rows]) {
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    ORDO_UNROLL
    for (int r = 0; r < Rows; ++r) sums[n][r] = 0;
  }
  for (std::int64_t first = 8 * lane(); first < x.cols; first += 8 * warp_size) {
    float weights[N][8];
    ORDO_UNROLL
    for (int n = 0; n < N; ++n) load_eight(w[n] + first, weights[n]);
    ORDO_UNROLL
    for (int r = 0; r < Rows; ++r) {
      if (r >= x.rows) continue;
      float numbers[8];
      load_eight(x.row(r) + first, numbers);
      ORDO_UNROLL
      for (int n = 0; n < N; ++n) {
        ORDO_UNROLL
        for (int i = 0; i < 8; ++i) sums[n][r] += weights[n][i] * numbers[i];
      }
    }
  }
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    ORDO_UNROLL
    for (int r = 0; r < Rows; ++r) sums[n][r] = warp_sum(sums[n][r]);
  }
}

/// Asks for a row of weights, by a warp: also before the kernels that write them are done (see `expect`).
template <class A>
ORDO_DEVICE void expect_weights(const A* row, std::int64_t cols) {
  constexpr std::int64_t line = 128 / sizeof(A);
  for (std::int64_t first = line * lane(); first < cols; first += line * warp_size) expect(row + first);
}

/// y = x w^T + plus, or without where plus has no data: a warp for each row of w.
template <int Rows, class A, class T>
ORDO_DEVICE void add_few_rows(Matrix<const A> x, Matrix<const A> w, Matrix<const T> plus, Matrix<T> y) {
  const std::int64_t o = static_cast<std::int64_t>(block_x()) * (block_threads() / warp_size) + warp();
  if (o < w.rows) expect_weights(w.row(o), w.cols);
  await_queued();
  if (o >= w.rows) return;
  float sums[1][Rows];
  dots<Rows>(x, {w.row(o)}, sums);
  ORDO_UNROLL
  for (int r = 0; r < Rows; ++r) {
    if (lane() != r || r >= x.rows) continue;
    const float added = plus.data == nullptr ? 0.0F : static_cast<float>(plus.row(r)[o]);
    y.row(r)[o] = static_cast<T>(sums[0][r] + added);
  }
}

template <int Rows, class A, class T>
ORDO_KERNEL few_rows_kernel(Matrix<const A> x, Matrix<const A> w, Matrix<T> y) {
  add_few_rows<Rows>(x, w, Matrix<const T>(), y);
}

/// A warp for each of `outputs`.
[[nodiscard]] inline Grid few_rows_grid(std::int64_t outputs) {
  constexpr int warps = few_rows_threads / warp_size;
  return {static_cast<int>((outputs + warps - 1) / warps), 1, 1, few_rows_threads, 0};
}

/// y = x w^T, where are_few_rows says so.
template <class A, class T>
void multiply_few(const CudaBackend<A>& b, Matrix<const A> x, Matrix<const A> w, Matrix<T> y) {
  with_few_rows(x.rows, [&](auto rows) {
    launch_early(b.queue(), few_rows_grid(w.rows), few_rows_kernel<rows(), A, T>, x, w, y);
  });
}

}  // namespace ordo::cuda
