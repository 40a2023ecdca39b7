#pragma once
// Rows of a table by index, and what flows back to them.

#include <algorithm>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/backend/cuda/rows.cuh>
#include <ordo/backend/cuda/sort.cuh>

namespace ordo {

namespace cuda {

/// How many places of the sorted rows a block walks through. A row may have any number of places (half of a batch of
/// masked diffusion is the mask's), and is cut.
inline constexpr std::int64_t embedding_cut = 32;

/// A block for each cut and each 8 columns of its threads. A row that begins in a cut is added to the table; what a cut
/// holds of a row that began before it goes to carried (cuts, C).
template <bool Aligned, class A>
ORDO_KERNEL embed_gradient_kernel(Matrix<const A> dy, Sorted by, std::int64_t count, Matrix<float> carried,
                                  Matrix<float> dtable) {
  const std::int64_t first = 8 * (static_cast<std::int64_t>(block_y()) * block_threads() + thread_index());
  if (first >= dy.cols) return;
  const std::int64_t left = dy.cols - first;
  const Columns at{0, first, left < 8 ? static_cast<int>(left) : 8};
  const std::int64_t begin = block_x() * embedding_cut;
  const std::int64_t end = count - begin < embedding_cut ? count : begin + embedding_cut;
  std::int32_t row = by.sorted[begin];
  bool carries = begin > 0 && by.sorted[begin - 1] == row;
  float sum[8] = {};
  const auto put = [&] {
    if (carries) {
      store<Aligned>(carried.row(block_x()), at, sum);
      return;
    }
    float before[8];
    load<Aligned>(dtable.row(row), at, before);
    ORDO_UNROLL
    for (int c = 0; c < 8; ++c) sum[c] += before[c];
    store<Aligned>(dtable.row(row), at, sum);
  };
  constexpr int together = 4;  // loads that do not wait for one another
  for (std::int64_t i = begin; i < end; i += together) {
    std::int32_t next[together];
    float x[together][8];
    ORDO_UNROLL
    for (int k = 0; k < together; ++k) {
      const std::int64_t place = i + k < end ? i + k : end - 1;
      next[k] = by.sorted[place];
      load<Aligned>(dy.row(by.order[place]), at, x[k]);
    }
    ORDO_UNROLL
    for (int k = 0; k < together; ++k) {
      if (i + k >= end) break;
      if (next[k] != row) {
        put();
        row = next[k];
        carries = false;
        ORDO_UNROLL
        for (int c = 0; c < 8; ++c) sum[c] = 0;
      }
      ORDO_UNROLL
      for (int c = 0; c < 8; ++c) sum[c] += x[k][c];
    }
  }
  put();
}

/// A block for each cut but the first and each 32 columns, a warp for every warps-th cut of the row; where a row is
/// carried for the first time the block adds up all that is carried of it, the warps in their order.
ORDO_KERNEL add_carried_kernel(Sorted by, Matrix<const float> carried, Matrix<float> dtable) {
  float* room = shared_memory<float>();  // (warps, 32)
  const std::int64_t first = block_x() + 1;
  const std::int32_t row = by.sorted[first * embedding_cut];
  const auto began_before = [&](std::int64_t cut) { return cut > 0 && by.sorted[cut * embedding_cut - 1] == row; };
  if (!began_before(first) || began_before(first - 1)) return;  // the whole block: nobody is waited for
  std::int64_t low = first;
  std::int64_t high = carried.rows;  // the first cut behind `first` that begins with another row, by halving
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (by.sorted[middle * embedding_cut] == row ? low : high) = middle;
  }
  const int warps = block_threads() / warp_size;
  const std::int64_t c = static_cast<std::int64_t>(block_y()) * warp_size + lane();
  float sum = 0;
  for (std::int64_t cut = first + warp(); cut < high && c < carried.cols; cut += warps) sum += carried.row(cut)[c];
  const float all = sum_over_warps(sum, room);
  if (warp() == 0 && c < carried.cols) dtable.row(row)[c] += all;
}

}  // namespace cuda

/// y[s] = table[rows[s]]. table (V, C), rows (S), y (S, C). Rows must lie in the table.
template <class A>
void embed(const CudaBackend<A>& b, cuda::In<A> table, std::span<const std::int32_t> rows, cuda::Out<A> y) {
  gather(b, table, rows, y);
}

/// dtable[rows[s]] += dy[s], in fp32; rows may repeat, and add up in an order that depends on `rows` alone.
/// dy (S, C), rows (S), dtable (V, C).
template <class A>
void embed_gradient(const CudaBackend<A>& b, cuda::In<A> dy, std::span<const std::int32_t> rows, Matrix<float> dtable) {
  const auto count = static_cast<std::int64_t>(rows.size());
  if (count == 0) return;
  const std::int64_t cuts = (count + cuda::embedding_cut - 1) / cuda::embedding_cut;
  const std::int64_t eights = (dy.cols + 7) / 8;
  const cuda::Sorted by = cuda::sorted_rows(b.context(), rows, dtable.rows, cuts * 8 * eights);
  const Matrix<float> carried(by.numbers, cuts, dy.cols, 8 * eights);
  constexpr int most = 256;
  const int threads = static_cast<int>(
      std::min<std::int64_t>((eights + cuda::warp_size - 1) / cuda::warp_size * cuda::warp_size, most));
  const cuda::Grid grid{static_cast<int>(cuts), static_cast<int>((eights + threads - 1) / threads), 1, threads, 0};
  if (cuda::in_eights(dy, carried, dtable)) {
    cuda::launch(b.queue(), grid, cuda::embed_gradient_kernel<true, A>, dy, by, count, carried, dtable);
  } else {
    cuda::launch(b.queue(), grid, cuda::embed_gradient_kernel<false, A>, dy, by, count, carried, dtable);
  }
  cuda::launch(b.queue(),
               {static_cast<int>(cuts - 1), static_cast<int>((dy.cols + cuda::warp_size - 1) / cuda::warp_size), 1,
                most, most * sizeof(float)},
               cuda::add_carried_kernel, by, carried, dtable);
}

}  // namespace ordo
