#pragma once
// The output head and its loss in one, a chunk of rows at a time: the logits of all rows never exist together.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/gemm.cuh>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

namespace cuda {

/// One block a row: loss = log sum exp(logits) - logits[target]. Where there are weights, the logits become
/// scale * weight * (softmax - one-hot).
template <class R>
ORDO_KERNEL softmax_loss_kernel(Matrix<R> logits, const Token* target, const float* weight, double scale, R* loss) {
  R* room = shared_memory<R>();
  const std::int64_t i = block_x();
  R* row = logits.row(i);
  R largest = row[0];
  for (std::int64_t v = thread_index(); v < logits.cols; v += block_threads()) {
    largest = largest < row[v] ? row[v] : largest;
  }
  largest = block_max(largest, room);
  R sum = 0;
  for (std::int64_t v = thread_index(); v < logits.cols; v += block_threads()) sum += std::exp(row[v] - largest);
  sum = block_sum(sum, room);
  const std::int64_t at = target[i];
  const R total = largest + std::log(sum);
  if (thread_index() == 0) loss[i] = total - row[at];
  if (weight == nullptr) return;
  const R factor = static_cast<R>(scale * static_cast<double>(weight[i]));
  meet();  // the target's logit is read before it is overwritten
  for (std::int64_t v = thread_index(); v < logits.cols; v += block_threads()) {
    const R softmax = std::exp(row[v] - total);
    row[v] = factor * (v == at ? softmax - 1 : softmax);
  }
}

/// Calls f(first row, rows, logits): the logits x table^T of each chunk of rows that the scratch holds.
template <class R, class F>
void for_logits(const CudaBackend<R>& b, In<R> x, In<R> table, std::span<R> scratch, const F& f) {
  const auto vocab = table.rows;
  require(static_cast<std::int64_t>(scratch.size()) >= vocab, "cross_entropy",
          "the scratch must hold at least one row of ", vocab, " logits (got ", scratch.size(), " numbers)");
  const std::int64_t each = static_cast<std::int64_t>(scratch.size()) / vocab;
  for (std::int64_t first = 0; first < x.rows; first += each) {
    const std::int64_t rows = std::min(each, x.rows - first);
    const Matrix<R> logits(scratch.data(), rows, vocab);
    multiply(b, x.slice(first, rows), Transposed::no, table, Transposed::yes, logits, false);
    f(first, rows, logits);
  }
}

template <class R>
void softmax_loss(const CudaBackend<R>& b, Matrix<R> logits, const Token* target, const float* weight, double scale,
                  R* loss) {
  constexpr int threads = 256;
  launch(b.queue(), {static_cast<int>(logits.rows), 1, 1, threads, threads / warp_size * sizeof(R)},
         softmax_loss_kernel<R>, logits, target, weight, scale, loss);
}

}  // namespace cuda

/// loss[i] = -log softmax(x[i] . table^T)[target[i]], in nats, unweighted.
/// x (P, C), table (V, C), target, loss (P); scratch: V numbers or more, for as many rows at a time.
template <class R>
void cross_entropy(const CudaBackend<R>& b, cuda::In<R> x, cuda::In<R> table, std::span<const Token> target,
                   std::type_identity_t<std::span<R>> loss, std::type_identity_t<std::span<R>> scratch) {
  cuda::for_logits(b, x, table, scratch, [&](std::int64_t first, std::int64_t, Matrix<R> logits) {
    cuda::softmax_loss(b, logits, target.data() + first, static_cast<const float*>(nullptr), 0.0, loss.data() + first);
  });
}

/// The losses as above, and the gradient of scale * sum_i weight[i] * loss[i]: with dlogits = scale * weight *
/// (softmax - one-hot), dx = dlogits table, dtable += dlogits^T x. dx (P, C), dtable (V, C), weight (P).
template <class R>
void cross_entropy_gradient(const CudaBackend<R>& b, cuda::In<R> x, cuda::In<R> table, std::span<const Token> target,
                            std::span<const float> weight, double scale, std::type_identity_t<std::span<R>> loss,
                            cuda::Out<R> dx, cuda::Out<R> dtable, std::type_identity_t<std::span<R>> scratch) {
  cuda::for_logits(b, x, table, scratch, [&](std::int64_t first, std::int64_t rows, Matrix<R> logits) {
    cuda::softmax_loss(b, logits, target.data() + first, weight.data() + first, scale, loss.data() + first);
    cuda::multiply(b, logits, cuda::Transposed::no, table, cuda::Transposed::no, dx.slice(first, rows), false);
    cuda::multiply(b, logits, cuda::Transposed::yes, x.slice(first, rows), cuda::Transposed::no, dtable, true);
  });
}

}  // namespace ordo
