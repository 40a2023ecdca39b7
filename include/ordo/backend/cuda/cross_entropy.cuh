#pragma once
// The output head and its loss in one, a chunk of rows at a time: the logits of all rows never exist together.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/gemm.cuh>
#include <ordo/core/error.hpp>
#include <ordo/core/logit_room.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

namespace cuda {

inline constexpr int softmax_loss_threads = 1024;  // at most

/// One block a row: loss = log sum exp(logits) - logits[target]. Where there are weights, dlogits = scale * weight *
/// (softmax - one-hot), zeros behind the last column. Rows begin at multiples of 16 bytes; the largest logit and the
/// sum are found together, as the softmax of attention is (Milakov and Gimelshein 2018, arXiv:1805.02867). Keeps: the
/// row stays in shared memory between the two, and is read from the device's once.
template <bool Keeps, class A>
ORDO_KERNEL ORDO_THREADS(softmax_loss_threads)
    softmax_loss_kernel(Matrix<const float> logits, const Token* target, const float* weight, double scale, float* loss,
                        Matrix<A> dlogits) {
  float* room = shared_memory<float>();  // of each warp one, and the row where it is kept
  float* kept = room + warp_size;        // (8, eights): each thread reads what it wrote, lanes meet different banks
  const std::int64_t r = block_x();
  const float* row = logits.row(r);
  const std::int64_t cols = logits.cols;
  const std::int64_t eights = (cols + 7) / 8;
  float largest = -std::numeric_limits<float>::infinity();
  float sum = 0;
  for (std::int64_t first = 8 * thread_index(); first < cols; first += 8 * block_threads()) {
    float x[8];
    load_eight(row + first, x);
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) {
      if constexpr (Keeps) kept[i * eights + first / 8] = x[i];
    }
    float top = largest;
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) {
      if (first + i >= cols) x[i] = -std::numeric_limits<float>::infinity();
      top = x[i] > top ? x[i] : top;
    }
    if (top > largest) {
      sum *= std::exp(largest - top);
      largest = top;
    }
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) sum += std::exp(x[i] - largest);
  }
  const float best = block_max(largest, room);
  sum = block_sum(largest == -std::numeric_limits<float>::infinity() ? 0.0F : sum * std::exp(largest - best), room);
  const std::int64_t at = target[r];
  const float total = best + std::log(sum);
  if (thread_index() == 0) loss[r] = total - row[at];
  if (weight == nullptr) return;
  const auto factor = static_cast<float>(scale * static_cast<double>(weight[r]));
  meet();  // in fp32 dlogits are the logits: the target's is read before it is overwritten
  for (std::int64_t first = 8 * thread_index(); first < cols; first += 8 * block_threads()) {
    float x[8];
    if constexpr (!Keeps) load_eight(row + first, x);
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) {
      if constexpr (Keeps) x[i] = kept[i * eights + first / 8];
      const float softmax = std::exp(x[i] - total);
      x[i] = first + i < cols ? factor * (first + i == at ? softmax - 1 : softmax) : 0.0F;
    }
    store_eight(dlogits.row(r) + first, x);
  }
}

template <class A>
void softmax_loss(const CudaBackend<A>& b, Matrix<const float> logits, const Token* target, const float* weight,
                  double scale, float* loss, Matrix<A> dlogits) {
  const Queue queue = b.queue();  // its device is the thread's from here
  const std::int64_t eights = (logits.cols + 7) / 8;
  const std::size_t room = warp_size * sizeof(float);
  const std::size_t row = static_cast<std::size_t>(8 * eights) * sizeof(float);
  // Rows of that many blocks do not stay in the device's cache until they are read again.
  const bool keeps = weight != nullptr && room + row <= most_shared_memory();
  const std::int64_t most = keeps ? softmax_loss_threads : softmax_loss_threads / 2;
  const auto threads = static_cast<int>(std::min(most, (eights + warp_size - 1) / warp_size * warp_size));
  launch(queue, {static_cast<int>(logits.rows), 1, 1, threads, keeps ? room + row : room},
         keeps ? softmax_loss_kernel<true, A> : softmax_loss_kernel<false, A>, logits, target, weight, scale, loss,
         dlogits);
}

/// Calls f(first row, rows) for chunks of rows whose logits the scratch holds, `numbers` for each: as few as they can
/// be, and as equal as whole tiles of a product allow.
template <class F>
void for_chunks(std::int64_t rows, std::int64_t vocab, std::int64_t numbers, std::span<float> scratch, const F& f) {
  constexpr std::int64_t tile = 128;
  const std::int64_t most = static_cast<std::int64_t>(scratch.size()) / numbers;
  require(most > 0, "cross_entropy", "the scratch must hold at least ", numbers, " numbers, for one row of ", vocab,
          " logits (got ", scratch.size(), ")");
  const std::int64_t chunks = (rows + most - 1) / most;
  const std::int64_t equal = chunks == 0 ? 0 : (rows + chunks - 1) / chunks;
  const std::int64_t each = std::min(most, (equal + tile - 1) / tile * tile);
  for (std::int64_t first = 0; first < rows; first += each) f(first, std::min(each, rows - first));
}

}  // namespace cuda

/// y = x table^T, in fp32. x (P, C), table (V, C), y (P, V).
template <class A>
void logits(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> table, Matrix<float> y) {
  cuda::multiply(b, x, cuda::Transposed::no, table, cuda::Transposed::yes, y);
}

/// loss[i] = -log softmax(x[i] . table^T)[target[i]], in nats, unweighted.
/// x (P, C), table (V, C), target, loss (P); scratch: at a multiple of 16 bytes, logit_room numbers for each row.
template <class A>
void cross_entropy(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> table, std::span<const Token> target,
                   std::span<float> loss, std::span<float> scratch) {
  const std::int64_t vocab = table.rows;
  const std::int64_t stride = logit_stride(vocab);
  cuda::for_chunks(x.rows, vocab, stride, scratch, [&](std::int64_t first, std::int64_t rows) {
    const Matrix<float> chunk(scratch.data(), rows, vocab, stride);
    logits(b, x.slice(first, rows), table, chunk);
    cuda::softmax_loss(b, chunk, target.data() + first, nullptr, 0.0, loss.data() + first, Matrix<A>());
  });
}

/// The losses as above, and the gradient of scale * sum_i weight[i] * loss[i]: with dlogits = scale * weight *
/// (softmax - one-hot), dx = dlogits table, dtable += dlogits^T x. dx (P, C), dtable (V, C), weight (P). The
/// scratch begins at a multiple of 16 bytes and holds logit_room numbers for each row that is worked on at a time.
template <class A>
void cross_entropy_gradient(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> table, std::span<const Token> target,
                            std::span<const float> weight, double scale, std::span<float> loss, cuda::Out<A> dx,
                            Matrix<float> dtable, std::span<float> scratch) {
  const std::int64_t vocab = table.rows;
  const std::int64_t stride = logit_stride(vocab);
  const std::int64_t numbers = logit_room<float, A>(vocab);
  cuda::for_chunks(x.rows, vocab, numbers, scratch, [&](std::int64_t first, std::int64_t rows) {
    const Matrix<float> chunk(scratch.data(), rows, vocab, stride);
    Matrix<A> dlogits;
    if constexpr (std::is_same_v<A, float>) {
      dlogits = chunk;
    } else {
      dlogits = {reinterpret_cast<A*>(scratch.data() + rows * stride), rows, vocab, stride};
    }
    logits(b, x.slice(first, rows), table, chunk);
    cuda::softmax_loss(b, chunk, target.data() + first, weight.data() + first, scale, loss.data() + first, dlogits);
    cuda::multiply(b, dlogits, cuda::Transposed::no, table, cuda::Transposed::no, dx.slice(first, rows));
    cuda::multiply(b, dlogits, cuda::Transposed::yes, x.slice(first, rows), cuda::Transposed::no, dtable, dtable);
  });
}

}  // namespace ordo
