#pragma once
// RMSNorm (Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467).

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>

namespace ordo {

namespace cuda {

/// One warp a row.
template <class R>
ORDO_KERNEL rms_norm_kernel(Matrix<const R> x, const R* gain, R epsilon, Matrix<R> y, R* inverse_rms) {
  const int warps = block_threads() / warp_size;
  for (std::int64_t s = static_cast<std::int64_t>(block_x()) * warps + warp(); s < x.rows;
       s += static_cast<std::int64_t>(blocks_x()) * warps) {
    const R* from = x.row(s);
    R squares = 0;
    for (std::int64_t c = lane(); c < x.cols; c += warp_size) squares += from[c] * from[c];
    const R inverse = R(1) / std::sqrt(warp_sum(squares) / static_cast<R>(x.cols) + epsilon);
    if (lane() == 0) inverse_rms[s] = inverse;
    for (std::int64_t c = lane(); c < x.cols; c += warp_size) y.row(s)[c] = gain[c] * (from[c] * inverse);
  }
}

/// dx, one warp a row.
template <class R>
ORDO_KERNEL rms_norm_input_gradient_kernel(Matrix<const R> x, const R* gain, const R* inverse_rms, Matrix<const R> dy,
                                           Matrix<R> dx) {
  const int warps = block_threads() / warp_size;
  for (std::int64_t s = static_cast<std::int64_t>(block_x()) * warps + warp(); s < x.rows;
       s += static_cast<std::int64_t>(blocks_x()) * warps) {
    const R inverse = inverse_rms[s];
    R along = 0;  // sum of g * n
    for (std::int64_t c = lane(); c < x.cols; c += warp_size) along += gain[c] * dy.row(s)[c] * (x.row(s)[c] * inverse);
    along = warp_sum(along) / static_cast<R>(x.cols);
    for (std::int64_t c = lane(); c < x.cols; c += warp_size) {
      dx.row(s)[c] += inverse * (gain[c] * dy.row(s)[c] - x.row(s)[c] * inverse * along);
    }
  }
}

/// partial (parts, C): part p sums dy * n over rows p * each .. (p + 1) * each - 1. A block: 32 columns by 8 rows.
template <class R>
ORDO_KERNEL rms_norm_gain_gradient_kernel(Matrix<const R> x, const R* inverse_rms, Matrix<const R> dy,
                                          std::int64_t each, Matrix<R> partial) {
  R* room = shared_memory<R>();  // (rows of the block, 32)
  const std::int64_t c = static_cast<std::int64_t>(block_x()) * warp_size + lane();
  const std::int64_t first = block_y() * each;
  const std::int64_t last = first + each < x.rows ? first + each : x.rows;
  const int warps = block_threads() / warp_size;
  R sum = 0;
  for (std::int64_t s = first + warp(); s < last && c < x.cols; s += warps) {
    sum += dy.row(s)[c] * (x.row(s)[c] * inverse_rms[s]);
  }
  room[thread_index()] = sum;
  meet();
  if (warp() == 0 && c < x.cols) {
    R all = 0;
    for (int w = 0; w < warps; ++w) all += room[w * warp_size + lane()];
    partial.row(block_y())[c] = all;
  }
}

/// to[c] += the sum of column c, in the order of the rows.
template <class R>
struct AddColumns {
  Matrix<const R> from;
  R* to;
  ORDO_DEVICE void operator()(std::int64_t c) const {
    R sum = 0;
    for (std::int64_t r = 0; r < from.rows; ++r) sum += from.row(r)[c];
    to[c] += sum;
  }
};

}  // namespace cuda

/// y = gain * x * inverse_rms, inverse_rms = 1 / sqrt(mean(x^2) + epsilon), row by row.
/// x, y (S, C), gain (C), inverse_rms (S).
template <class R>
void rms_norm(const CudaBackend<R>& b, cuda::In<R> x, std::type_identity_t<std::span<const R>> gain, double epsilon,
              cuda::Out<R> y, std::type_identity_t<std::span<R>> inverse_rms) {
  constexpr int threads = 128;
  cuda::launch(b.queue(), {cuda::blocks_for(x.rows, threads / cuda::warp_size), 1, 1, threads, 0},
               cuda::rms_norm_kernel<R>, x, gain.data(), static_cast<R>(epsilon), y, inverse_rms.data());
}

/// With n = x * inverse_rms and g = gain * dy: dgain += sum_s dy * n, dx += inverse_rms * (g - n * mean(g * n)).
/// x, dy, dx (S, C), gain, dgain (C), inverse_rms (S). Sums run in an order that depends on the shape alone.
template <class R>
void rms_norm_gradient(const CudaBackend<R>& b, cuda::In<R> x, std::type_identity_t<std::span<const R>> gain,
                       std::type_identity_t<std::span<const R>> inverse_rms, cuda::In<R> dy, cuda::Out<R> dx,
                       std::type_identity_t<std::span<R>> dgain) {
  constexpr int threads = 256;
  constexpr std::int64_t most_parts = 128;
  if (x.rows == 0) return;
  const std::int64_t each = std::max<std::int64_t>(32, (x.rows + most_parts - 1) / most_parts);  // rows of a part
  const std::int64_t parts = (x.rows + each - 1) / each;
  cuda::Pieces pieces(b.context().room(cuda::Pieces::bytes<R>(parts * x.cols)));
  const Matrix<R> partial(pieces.take<R>(parts * x.cols), parts, x.cols);
  const int column_blocks = static_cast<int>((x.cols + cuda::warp_size - 1) / cuda::warp_size);
  cuda::launch(b.queue(), {column_blocks, static_cast<int>(parts), 1, threads, threads * sizeof(R)},
               cuda::rms_norm_gain_gradient_kernel<R>, x, inverse_rms.data(), dy, each, partial);
  cuda::for_each(b.queue(), x.cols, cuda::AddColumns<R>{partial, dgain.data()});
  cuda::launch(b.queue(), {cuda::blocks_for(x.rows, threads / cuda::warp_size), 1, 1, threads, 0},
               cuda::rms_norm_input_gradient_kernel<R>, x, gain.data(), inverse_rms.data(), dy, dx);
}

}  // namespace ordo
