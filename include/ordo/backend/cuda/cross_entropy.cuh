#pragma once
// The output head and its loss in one, a chunk of rows at a time: the logits of all rows never exist together.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/gemm.cuh>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

namespace cuda {

/// One block a row: loss = log sum exp(logits) - logits[target]. Where there are weights, dlogits = scale * weight *
/// (softmax - one-hot).
template <class A>
ORDO_KERNEL softmax_loss_kernel(Matrix<const float> logits, const Token* target, const float* weight, double scale,
                                float* loss, Matrix<A> dlogits) {
  float* room = shared_memory<float>();
  const std::int64_t i = block_x();
  const float* row = logits.row(i);
  float largest = row[0];
  for (std::int64_t v = thread_index(); v < logits.cols; v += block_threads()) {
    largest = largest < row[v] ? row[v] : largest;
  }
  largest = block_max(largest, room);
  float sum = 0;
  for (std::int64_t v = thread_index(); v < logits.cols; v += block_threads()) sum += std::exp(row[v] - largest);
  sum = block_sum(sum, room);
  const std::int64_t at = target[i];
  const float total = largest + std::log(sum);
  if (thread_index() == 0) loss[i] = total - row[at];
  if (weight == nullptr) return;
  const auto factor = static_cast<float>(scale * static_cast<double>(weight[i]));
  meet();  // in fp32 dlogits are the logits: the target's is read before it is overwritten
  for (std::int64_t v = thread_index(); v < logits.cols; v += block_threads()) {
    const float softmax = std::exp(row[v] - total);
    dlogits.row(i)[v] = static_cast<A>(factor * (v == at ? softmax - 1 : softmax));
  }
}

template <class A>
void softmax_loss(const CudaBackend<A>& b, Matrix<const float> logits, const Token* target, const float* weight,
                  double scale, float* loss, Matrix<A> dlogits) {
  constexpr int threads = 256;
  launch(b.queue(), {static_cast<int>(logits.rows), 1, 1, threads, threads / warp_size * sizeof(float)},
         softmax_loss_kernel<A>, logits, target, weight, scale, loss, dlogits);
}

/// Calls f(first row, rows) for chunks of rows whose logits the scratch holds, `numbers` for each.
template <class F>
void for_chunks(std::int64_t rows, std::int64_t vocab, std::int64_t numbers, std::span<float> scratch, const F& f) {
  const std::int64_t each = static_cast<std::int64_t>(scratch.size()) / numbers;
  require(each > 0, "cross_entropy", "the scratch must hold at least ", numbers, " numbers, for one row of ", vocab,
          " logits (got ", scratch.size(), ")");
  for (std::int64_t first = 0; first < rows; first += each) f(first, std::min(each, rows - first));
}

}  // namespace cuda

/// y = x table^T, in fp32. x (P, C), table (V, C), y (P, V).
template <class A>
void logits(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> table, Matrix<float> y) {
  cuda::multiply(b, x, cuda::Transposed::no, table, cuda::Transposed::yes, y, false);
}

/// loss[i] = -log softmax(x[i] . table^T)[target[i]], in nats, unweighted.
/// x (P, C), table (V, C), target, loss (P); scratch: rows of V logits, at least one.
template <class A>
void cross_entropy(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> table, std::span<const Token> target,
                   std::span<float> loss, std::span<float> scratch) {
  const std::int64_t vocab = table.rows;
  cuda::for_chunks(x.rows, vocab, vocab, scratch, [&](std::int64_t first, std::int64_t rows) {
    const Matrix<float> chunk(scratch.data(), rows, vocab);
    logits(b, x.slice(first, rows), table, chunk);
    cuda::softmax_loss(b, chunk, target.data() + first, nullptr, 0.0, loss.data() + first, Matrix<A>());
  });
}

/// The losses as above, and the gradient of scale * sum_i weight[i] * loss[i]: with dlogits = scale * weight *
/// (softmax - one-hot), dx = dlogits table, dtable += dlogits^T x. dx (P, C), dtable (V, C), weight (P). In bf16 the
/// scratch holds half as many numbers again for each row: dlogits.
template <class A>
void cross_entropy_gradient(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> table, std::span<const Token> target,
                            std::span<const float> weight, double scale, std::span<float> loss, cuda::Out<A> dx,
                            Matrix<float> dtable, std::span<float> scratch) {
  const std::int64_t vocab = table.rows;
  constexpr bool apart = !std::is_same_v<A, float>;
  // Rows of dlogits begin at multiples of 16 bytes, as products on matrix units like it.
  const std::int64_t stride = (vocab + 7) / 8 * 8;
  const std::int64_t numbers = apart ? vocab + stride / 2 + 4 : vocab;
  cuda::for_chunks(x.rows, vocab, numbers, scratch, [&](std::int64_t first, std::int64_t rows) {
    const Matrix<float> chunk(scratch.data(), rows, vocab);
    Matrix<A> dlogits;
    if constexpr (apart) {
      const std::int64_t behind = (rows * vocab + 3) / 4 * 4;
      dlogits = {reinterpret_cast<A*>(scratch.data() + behind), rows, vocab, stride};
    } else {
      dlogits = chunk;
    }
    logits(b, x.slice(first, rows), table, chunk);
    cuda::softmax_loss(b, chunk, target.data() + first, weight.data() + first, scale, loss.data() + first, dlogits);
    cuda::multiply(b, dlogits, cuda::Transposed::no, table, cuda::Transposed::no, dx.slice(first, rows), false);
    cuda::multiply(b, dlogits, cuda::Transposed::yes, x.slice(first, rows), cuda::Transposed::no, dtable, true);
  });
}

}  // namespace ordo
