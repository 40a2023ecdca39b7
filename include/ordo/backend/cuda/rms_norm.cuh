#pragma once
// RMSNorm (Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>

namespace ordo {

namespace cuda {

/// Calls f with each row that is this warp's.
template <class F>
ORDO_DEVICE void for_own_rows(std::int64_t rows, const F& f) {
  const int warps = block_threads() / warp_size;
  const std::int64_t step = static_cast<std::int64_t>(blocks_x()) * warps;
  for (std::int64_t s = static_cast<std::int64_t>(block_x()) * warps + warp(); s < rows; s += step) f(s);
}

/// Calls f with each eight columns of a row that are this lane's.
template <class F>
ORDO_DEVICE void for_own_columns(std::int64_t row, std::int64_t cols, const F& f) {
  for (std::int64_t first = 8 * lane(); first < cols; first += 8 * warp_size) {
    const std::int64_t left = cols - first;
    f(Columns{row, first, left < 8 ? static_cast<int>(left) : 8});
  }
}

ORDO_DEVICE void add_squares(const float (&numbers)[8], float& sum) {
  ORDO_UNROLL
  for (int i = 0; i < 8; ++i) sum += numbers[i] * numbers[i];
}

/// Where a norm's results go, and what it takes besides its rows.
template <class A>
struct NormRows {
  const float* gain;
  float epsilon;
  Matrix<A> y;
  float* inverse_rms;

  /// Writes the norm of a row of x, by one warp.
  template <bool Aligned>
  ORDO_DEVICE void of_row(Matrix<const A> x, std::int64_t s) const {
    float squares = 0;
    for_own_columns(s, x.cols, [&](const Columns& at) {
      float own[8];
      load<Aligned>(x.row(s), at, own);
      add_squares(own, squares);
    });
    write<Aligned>(x, s, squares);
  }
  /// Writes the norm of a row of x, one warp's, whose lanes' own squares add up to theirs of `squares`.
  template <bool Aligned>
  ORDO_DEVICE void write(Matrix<const A> x, std::int64_t s, float squares) const {
    const float inverse = 1.0F / std::sqrt(warp_sum(squares) / static_cast<float>(x.cols) + epsilon);
    if (lane() == 0) inverse_rms[s] = inverse;
    for_own_columns(s, x.cols, [&](const Columns& at) {
      float own[8];
      float g[8];
      load<Aligned>(x.row(s), at, own);
      load<Aligned>(gain, at, g);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) own[i] = g[i] * (own[i] * inverse);
      store<Aligned>(y.row(s), at, own);
    });
  }
};

/// One warp a row.
template <bool Aligned, class A>
ORDO_KERNEL rms_norm_kernel(Matrix<const A> x, NormRows<A> norm) {
  await_queued();
  for_own_rows(x.rows, [&](std::int64_t s) { norm.template of_row<Aligned>(x, s); });
}

/// dx, one warp a row, and partial (blocks, C): the sum of dy * n over the block's rows, n = x * inverse_rms. Each warp
/// adds its rows up in shared memory of its own, where a lane has its columns to itself; then the warps in their order.
/// Column 8 e + i lies at i * eights + e, so that the lanes of a warp meet different banks.
template <bool Aligned, class A>
ORDO_KERNEL rms_norm_gradient_kernel(Matrix<const A> x, const float* gain, const float* inverse_rms, Matrix<const A> dy,
                                     Matrix<A> dx, Matrix<float> partial) {
  const int warps = block_threads() / warp_size;
  const std::int64_t cols = x.cols;
  const std::int64_t eights = (cols + 7) / 8;
  float* room = shared_memory<float>();  // (warps, 8, eights)
  for (std::int64_t i = thread_index(); i < warps * 8 * eights; i += block_threads()) room[i] = 0;
  meet();
  float* of_warp = room + warp() * 8 * eights;
  for (std::int64_t s = static_cast<std::int64_t>(block_x()) * warps + warp(); s < x.rows;
       s += static_cast<std::int64_t>(blocks_x()) * warps) {
    const float inverse = inverse_rms[s];
    float n[8];
    float d[8];  // dy
    float g[8];
    const auto get = [&](const Columns& at) {
      load<Aligned>(x.row(s), at, n);
      load<Aligned>(gain, at, g);
      load<Aligned>(dy.row(s), at, d);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) n[i] *= inverse;
    };
    float along = 0;  // sum of gain * dy * n
    for_own_columns(s, cols, [&](const Columns& at) {
      get(at);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) {
        along += g[i] * d[i] * n[i];
        of_warp[i * eights + at.first / 8] += d[i] * n[i];  // zeros behind the last column
      }
    });
    along = warp_sum(along) / static_cast<float>(cols);
    for_own_columns(s, cols, [&](const Columns& at) {
      get(at);
      float sum[8];
      load<Aligned>(dx.row(s), at, sum);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) sum[i] += inverse * (g[i] * d[i] - n[i] * along);
      store<Aligned>(dx.row(s), at, sum);
    });
  }
  meet();
  for (std::int64_t c = thread_index(); c < cols; c += block_threads()) {
    float all = 0;
    for (int w = 0; w < warps; ++w) all += room[(w * 8 + c % 8) * eights + c / 8];
    partial.row(block_x())[c] = all;
  }
}

/// to[c] += the sum of column c: a block for 32 columns, each warp every warps-th row, then the warps in their order.
ORDO_KERNEL add_columns_kernel(Matrix<const float> from, float* to) {
  float* room = shared_memory<float>();  // (warps, 32)
  const std::int64_t c = static_cast<std::int64_t>(block_x()) * warp_size + lane();
  const int warps = block_threads() / warp_size;
  float sum = 0;
  for (std::int64_t r = warp(); r < from.rows && c < from.cols; r += warps) sum += from.row(r)[c];
  const float all = sum_over_warps(sum, room);
  if (warp() == 0 && c < from.cols) to[c] += all;
}

/// For kernels that give each row to a warp.
inline Grid warp_a_row(std::int64_t rows) {
  constexpr int threads = 128;
  return {blocks_for(rows, threads / warp_size), 1, 1, threads, 0};
}

inline Matrix<const float> as_row(std::span<const float> numbers) {
  return {numbers.data(), 1, static_cast<std::int64_t>(numbers.size())};
}

}  // namespace cuda

/// y = gain * x * inverse_rms, inverse_rms = 1 / sqrt(mean(x^2) + epsilon), row by row.
/// x, y (S, C), gain (C), inverse_rms (S).
template <class A>
void rms_norm(const CudaBackend<A>& b, cuda::In<A> x, std::span<const float> gain, double epsilon, cuda::Out<A> y,
              std::span<float> inverse_rms) {
  const cuda::NormRows<A> norm{gain.data(), static_cast<float>(epsilon), y, inverse_rms.data()};
  cuda::launch_early(
      b.queue(), cuda::warp_a_row(x.rows),
      cuda::in_eights(x, y, cuda::as_row(gain)) ? cuda::rms_norm_kernel<true, A> : cuda::rms_norm_kernel<false, A>, x,
      norm);
}

/// With n = x * inverse_rms and g = gain * dy: dgain += sum_s dy * n, dx += inverse_rms * (g - n * mean(g * n)).
/// x, dy, dx (S, C), gain, dgain (C), inverse_rms (S). Sums run in an order that depends on the shape alone.
template <class A>
void rms_norm_gradient(const CudaBackend<A>& b, cuda::In<A> x, std::span<const float> gain,
                       std::span<const float> inverse_rms, cuda::In<A> dy, cuda::Out<A> dx, std::span<float> dgain) {
  constexpr int threads = 256;
  constexpr std::int64_t most_blocks = 512;
  constexpr std::int64_t shared = 48 * 1024 / sizeof(float);  // numbers: what any device has
  if (x.rows == 0) return;
  const std::int64_t room = (x.cols + 7) / 8 * 8;
  const std::int64_t warps = std::clamp<std::int64_t>(shared / room, 1, threads / cuda::warp_size);
  const std::int64_t blocks = std::min(most_blocks, (x.rows + warps - 1) / warps);
  cuda::Pieces pieces(b.context().room(cuda::Pieces::bytes<float>(blocks * x.cols)));
  const Matrix<float> partial(pieces.take<float>(blocks * x.cols), blocks, x.cols);
  const cuda::Grid grid{static_cast<int>(blocks), 1, 1, static_cast<int>(warps) * cuda::warp_size,
                        static_cast<std::size_t>(warps * room) * sizeof(float)};
  cuda::launch(b.queue(), grid,
               cuda::in_eights(x, dy, dx, cuda::as_row(gain)) ? cuda::rms_norm_gradient_kernel<true, A>
                                                              : cuda::rms_norm_gradient_kernel<false, A>,
               x, gain.data(), inverse_rms.data(), dy, dx, partial);
  const int column_blocks = static_cast<int>((x.cols + cuda::warp_size - 1) / cuda::warp_size);
  cuda::launch(b.queue(), {column_blocks, 1, 1, threads, threads * sizeof(float)}, cuda::add_columns_kernel, partial,
               dgain.data());
}

}  // namespace ordo
