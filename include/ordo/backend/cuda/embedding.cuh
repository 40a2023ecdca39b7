#pragma once
// Rows of a table by index, and what flows back to them.

#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/rows.cuh>
#include <ordo/backend/cuda/sort.cuh>

namespace ordo {

namespace cuda {

/// A block for each place of the sorted rows and each `columns` columns; those where a new row begins add up all of its
/// slots. Thread (c, part) takes every parts-th slot of column c.
template <class A>
ORDO_KERNEL embed_gradient_kernel(Matrix<const A> dy, Sorted by, std::int64_t count, int columns,
                                  Matrix<float> dtable) {
  float* room = shared_memory<float>();  // (parts, columns)
  const std::int64_t first = block_x();
  const std::int32_t row = by.sorted[first];
  if (first > 0 && by.sorted[first - 1] == row) return;  // the whole block: nobody is waited for
  std::int64_t low = first;
  std::int64_t high = count;  // the first place behind `first` with another row, by halving
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (by.sorted[middle] == row ? low : high) = middle;
  }
  const int parts = block_threads() / columns;
  const int part = thread_index() / columns;
  const std::int64_t c = static_cast<std::int64_t>(block_y()) * columns + thread_index() % columns;
  float sum = 0;
  for (std::int64_t i = first + part; i < high && c < dy.cols; i += parts)
    sum += static_cast<float>(dy.row(by.order[i])[c]);
  room[thread_index()] = sum;
  meet();
  if (part == 0 && c < dy.cols) {
    float all = 0;
    for (int p = 0; p < parts; ++p) all += room[p * columns + thread_index()];
    dtable.row(row)[c] += all;
  }
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
  constexpr int threads = 256;
  constexpr int columns = 64;
  const auto count = static_cast<std::int64_t>(rows.size());
  if (count == 0) return;
  const cuda::Sorted by = cuda::sorted_rows(b.context(), rows);
  cuda::launch(b.queue(),
               {static_cast<int>(count), static_cast<int>((dy.cols + columns - 1) / columns), 1, threads,
                threads * sizeof(float)},
               cuda::embed_gradient_kernel<A>, dy, by, count, columns, dtable);
}

}  // namespace ordo
