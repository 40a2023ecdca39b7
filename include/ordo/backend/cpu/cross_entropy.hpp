#pragma once
// The output head and its loss in one: logits against the embedding table, then -log softmax at the target. The
// logits exist for a chunk of rows at a time only.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/linear.hpp>
#include <ordo/backend/cpu/simd.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

namespace cpu {

/// The log of the sum of exponentials; leaves exp(value - largest) in the values, and their sum in `total`.
inline float log_sum_exp(float* values, std::int64_t count, float& total) {
  float top = values[0];
  Lanes tops = broadcast(top);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) tops = larger(tops, load(values + i));
  top = largest(tops);
  for (; i < count; ++i) top = std::max(top, values[i]);
  Lanes sums{};
  for (i = 0; i + lanes <= count; i += lanes) {
    const Lanes e = exp(load(values + i) - top);
    store(values + i, e);
    sums += e;
  }
  total = sum(sums);
  if (i < count) {
    const Lanes e = exp(load_some(values + i, count - i) - top);
    store_some(values + i, e, count - i);
    for (; i < count; ++i) total += values[i];
  }
  return top + std::log(total);
}

/// Calls work(first row, logits of a chunk of rows) until all rows of x have had their turn.
template <class Work>
void for_logits(const Cpu& cpu, Matrix<const float> x, Matrix<const float> table, std::span<const Token> target,
                std::span<float> scratch, const Work& work) {
  const std::int64_t vocab = table.rows;
  const auto places = static_cast<std::int64_t>(scratch.size());
  require(vocab > 0 && places >= vocab, "cross_entropy", "the scratch must hold at least one row of ", vocab,
          " logits (got ", places, " numbers)");
  require(static_cast<std::int64_t>(target.size()) == x.rows, "cross_entropy", "there are ", target.size(),
          " targets for ", x.rows, " rows");
  for (const Token t : target) {
    require(t >= 0 && t < vocab, "cross_entropy", "a row must be below the table's ", vocab, " rows (got ", t, ")");
  }
  const std::int64_t chunk = places / vocab;
  for (std::int64_t first = 0; first < x.rows; first += chunk) {
    const std::int64_t rows = std::min(chunk, x.rows - first);
    const Matrix<float> logits(scratch.data(), rows, vocab);
    linear(cpu, x.slice(first, rows), table, logits);
    work(first, logits);
  }
}

}  // namespace cpu

/// y = x table^T. x (P, C), table (V, C), y (P, V).
inline void logits(const Cpu& cpu, Matrix<const float> x, Matrix<const float> table, Matrix<float> y) {
  linear(cpu, x, table, y);
}

/// loss[i] = -log softmax(x[i] . table^T)[target[i]], in nats, unweighted.
/// x (P, C), table (V, C), target, loss (P); scratch: rows of V logits, at least one.
inline void cross_entropy(const Cpu& cpu, Matrix<const float> x, Matrix<const float> table,
                          std::span<const Token> target, std::span<float> loss, std::span<float> scratch) {
  cpu::for_logits(cpu, x, table, target, scratch, [&](std::int64_t first, Matrix<float> logits) {
    cpu::for_rows(cpu, logits.rows, 2 * logits.cols, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const auto i = static_cast<std::size_t>(first + r);
        const float at_target = logits.row(r)[target[i]];
        float total = 0;
        loss[i] = cpu::log_sum_exp(logits.row(r), logits.cols, total) - at_target;
      }
    });
  });
}

/// The losses as above, and the gradient of scale * sum_i weight[i] * loss[i]: with dlogits = scale * weight *
/// (softmax - one-hot), dx = dlogits table, dtable += dlogits^T x. dx (P, C), dtable (V, C), weight (P).
inline void cross_entropy_gradient(const Cpu& cpu, Matrix<const float> x, Matrix<const float> table,
                                   std::span<const Token> target, std::span<const float> weight, double scale,
                                   std::span<float> loss, Matrix<float> dx, Matrix<float> dtable,
                                   std::span<float> scratch) {
  cpu::for_logits(cpu, x, table, target, scratch, [&](std::int64_t first, Matrix<float> logits) {
    cpu::for_rows(cpu, logits.rows, 3 * logits.cols, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const auto i = static_cast<std::size_t>(first + r);
        float* row = logits.row(r);
        const float at_target = row[target[i]];
        float total = 0;
        loss[i] = cpu::log_sum_exp(row, logits.cols, total) - at_target;
        const auto own = static_cast<float>(scale * static_cast<double>(weight[i]));
        const float factor = own / total;
        for (std::int64_t v = 0; v < logits.cols; ++v) row[v] *= factor;
        row[target[i]] -= own;
      }
    });
    linear_input_gradient(cpu, logits, table, dx.slice(first, logits.rows));
    linear_weight_gradient(cpu, logits, x.slice(first, logits.rows), dtable);
  });
}

}  // namespace ordo
