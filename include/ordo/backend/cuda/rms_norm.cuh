#pragma once
// RMSNorm (Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467).

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>

namespace ordo {

namespace cuda {

/// Calls f with each eight columns of a row that are this lane's.
template <class F>
ORDO_DEVICE void for_own_columns(std::int64_t row, std::int64_t cols, const F& f) {
  for (std::int64_t first = 8 * lane(); first < cols; first += 8 * warp_size) {
    const std::int64_t left = cols - first;
    f(Columns{row, first, left < 8 ? static_cast<int>(left) : 8});
  }
}

/// One warp a row.
template <bool Aligned, class A>
ORDO_KERNEL rms_norm_kernel(Matrix<const A> x, const float* gain, float epsilon, Matrix<A> y, float* inverse_rms) {
  const int warps = block_threads() / warp_size;
  for (std::int64_t s = static_cast<std::int64_t>(block_x()) * warps + warp(); s < x.rows;
       s += static_cast<std::int64_t>(blocks_x()) * warps) {
    float squares = 0;
    for_own_columns(s, x.cols, [&](const Columns& at) {
      float own[8];
      load<Aligned>(x.row(s), at, own);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) squares += own[i] * own[i];
    });
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
}

/// dx, one warp a row.
template <bool Aligned, class A>
ORDO_KERNEL rms_norm_input_gradient_kernel(Matrix<const A> x, const float* gain, const float* inverse_rms,
                                           Matrix<const A> dy, Matrix<A> dx) {
  const int warps = block_threads() / warp_size;
  for (std::int64_t s = static_cast<std::int64_t>(block_x()) * warps + warp(); s < x.rows;
       s += static_cast<std::int64_t>(blocks_x()) * warps) {
    const float inverse = inverse_rms[s];
    float n[8];  // x * inverse
    float g[8];  // gain * dy
    const auto get = [&](const Columns& at) {
      float d[8];
      load<Aligned>(x.row(s), at, n);
      load<Aligned>(gain, at, g);
      load<Aligned>(dy.row(s), at, d);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) {
        n[i] *= inverse;
        g[i] *= d[i];
      }
    };
    float along = 0;  // sum of g * n
    for_own_columns(s, x.cols, [&](const Columns& at) {
      get(at);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) along += g[i] * n[i];
    });
    along = warp_sum(along) / static_cast<float>(x.cols);
    for_own_columns(s, x.cols, [&](const Columns& at) {
      get(at);
      float sum[8];
      load<Aligned>(dx.row(s), at, sum);
      ORDO_UNROLL
      for (int i = 0; i < 8; ++i) sum[i] += inverse * (g[i] - n[i] * along);
      store<Aligned>(dx.row(s), at, sum);
    });
  }
}

/// partial (parts, C): part p sums dy * n over rows p * each .. (p + 1) * each - 1. A block: 32 columns by 8 rows.
template <class A>
ORDO_KERNEL rms_norm_gain_gradient_kernel(Matrix<const A> x, const float* inverse_rms, Matrix<const A> dy,
                                          std::int64_t each, Matrix<float> partial) {
  float* room = shared_memory<float>();  // (rows of the block, 32)
  const std::int64_t c = static_cast<std::int64_t>(block_x()) * warp_size + lane();
  const std::int64_t first = block_y() * each;
  const std::int64_t last = first + each < x.rows ? first + each : x.rows;
  const int warps = block_threads() / warp_size;
  float sum = 0;
  for (std::int64_t s = first + warp(); s < last && c < x.cols; s += warps) {
    sum += static_cast<float>(dy.row(s)[c]) * (static_cast<float>(x.row(s)[c]) * inverse_rms[s]);
  }
  room[thread_index()] = sum;
  meet();
  if (warp() == 0 && c < x.cols) {
    float all = 0;
    for (int w = 0; w < warps; ++w) all += room[w * warp_size + lane()];
    partial.row(block_y())[c] = all;
  }
}

/// to[c] += the sum of column c, in the order of the rows.
struct AddColumns {
  Matrix<const float> from;
  float* to;
  ORDO_DEVICE void operator()(std::int64_t c) const {
    float sum = 0;
    for (std::int64_t r = 0; r < from.rows; ++r) sum += from.row(r)[c];
    to[c] += sum;
  }
};

inline Matrix<const float> as_row(std::span<const float> numbers) {
  return {numbers.data(), 1, static_cast<std::int64_t>(numbers.size())};
}

}  // namespace cuda

/// y = gain * x * inverse_rms, inverse_rms = 1 / sqrt(mean(x^2) + epsilon), row by row.
/// x, y (S, C), gain (C), inverse_rms (S).
template <class A>
void rms_norm(const CudaBackend<A>& b, cuda::In<A> x, std::span<const float> gain, double epsilon, cuda::Out<A> y,
              std::span<float> inverse_rms) {
  constexpr int threads = 128;
  const cuda::Grid grid{cuda::blocks_for(x.rows, threads / cuda::warp_size), 1, 1, threads, 0};
  cuda::launch(
      b.queue(), grid,
      cuda::in_eights(x, y, cuda::as_row(gain)) ? cuda::rms_norm_kernel<true, A> : cuda::rms_norm_kernel<false, A>, x,
      gain.data(), static_cast<float>(epsilon), y, inverse_rms.data());
}

/// With n = x * inverse_rms and g = gain * dy: dgain += sum_s dy * n, dx += inverse_rms * (g - n * mean(g * n)).
/// x, dy, dx (S, C), gain, dgain (C), inverse_rms (S). Sums run in an order that depends on the shape alone.
template <class A>
void rms_norm_gradient(const CudaBackend<A>& b, cuda::In<A> x, std::span<const float> gain,
                       std::span<const float> inverse_rms, cuda::In<A> dy, cuda::Out<A> dx, std::span<float> dgain) {
  constexpr int threads = 256;
  constexpr std::int64_t most_parts = 128;
  if (x.rows == 0) return;
  const std::int64_t each = std::max<std::int64_t>(32, (x.rows + most_parts - 1) / most_parts);  // rows of a part
  const std::int64_t parts = (x.rows + each - 1) / each;
  cuda::Pieces pieces(b.context().room(cuda::Pieces::bytes<float>(parts * x.cols)));
  const Matrix<float> partial(pieces.take<float>(parts * x.cols), parts, x.cols);
  const int column_blocks = static_cast<int>((x.cols + cuda::warp_size - 1) / cuda::warp_size);
  cuda::launch(b.queue(), {column_blocks, static_cast<int>(parts), 1, threads, threads * sizeof(float)},
               cuda::rms_norm_gain_gradient_kernel<A>, x, inverse_rms.data(), dy, each, partial);
  cuda::for_each(b.queue(), x.cols, cuda::AddColumns{partial, dgain.data()});
  cuda::launch(b.queue(), {cuda::blocks_for(x.rows, threads / cuda::warp_size), 1, 1, threads, 0},
               cuda::in_eights(x, dy, dx, cuda::as_row(gain)) ? cuda::rms_norm_input_gradient_kernel<true, A>
                                                              : cuda::rms_norm_input_gradient_kernel<false, A>,
               x, gain.data(), inverse_rms.data(), dy, dx);
}

}  // namespace ordo
