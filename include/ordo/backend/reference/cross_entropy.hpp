#pragma once
// The output head and its loss in one: logits against the embedding table, then -log softmax at the target.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/backend/reference/embedding.hpp>
#include <ordo/backend/reference/linear.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

namespace reference {

/// Writes the V logits of one row, x . table[v], and returns the log of the sum of their exponentials.
template <class R>
R log_sum_exp_of_logits(const R* x, Matrix<const R> table, std::span<R> logits) {
  const auto vocab = static_cast<std::size_t>(table.rows);
  require(logits.size() >= vocab, "cross_entropy", "the scratch must hold at least one row of ", vocab, " logits (got ",
          logits.size(), " numbers)");
  for (std::size_t v = 0; v < vocab; ++v) logits[v] = dot(x, table.row(static_cast<std::int64_t>(v)), table.cols);
  const R largest = *std::max_element(logits.begin(), logits.begin() + table.rows);
  R sum = 0;
  for (std::size_t v = 0; v < vocab; ++v) sum += std::exp(logits[v] - largest);  // at least 1: no overflow, no log 0
  return largest + std::log(sum);
}

}  // namespace reference

/// y = x table^T. x (P, C), table (V, C), y (P, V).
template <class R>
void logits(const Reference<R>& b, reference::In<R> x, reference::In<R> table, reference::Out<R> y) {
  linear(b, x, table, y);
}

/// loss[i] = -log softmax(x[i] . table^T)[target[i]], in nats, unweighted.
/// x (P, C), table (V, C), target, loss (P); scratch: at least V numbers (this backend uses one row of logits).
template <class R>
void cross_entropy(const Reference<R>&, reference::In<R> x, reference::In<R> table, std::span<const Token> target,
                   std::type_identity_t<std::span<R>> loss, std::type_identity_t<std::span<R>> scratch) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const std::int64_t t = reference::row_of("cross_entropy", target[i], table.rows);
    const R total = reference::log_sum_exp_of_logits<R>(x.row(static_cast<std::int64_t>(i)), table, scratch);
    loss[i] = total - scratch[static_cast<std::size_t>(t)];
  }
}

/// The losses as above, and the gradient of scale * sum_i weight[i] * loss[i]: with dlogits = scale * weight *
/// (softmax - one-hot), dx = dlogits table, dtable += dlogits^T x. dx (P, C), dtable (V, C), weight (P).
template <class R>
void cross_entropy_gradient(const Reference<R>&, reference::In<R> x, reference::In<R> table,
                            std::span<const Token> target, std::span<const float> weight, double scale,
                            std::type_identity_t<std::span<R>> loss, reference::Out<R> dx, reference::Out<R> dtable,
                            std::type_identity_t<std::span<R>> scratch) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const std::int64_t t = reference::row_of("cross_entropy", target[i], table.rows);
    const R total = reference::log_sum_exp_of_logits<R>(x.row(row), table, scratch);
    loss[i] = total - scratch[static_cast<std::size_t>(t)];
    const R factor = static_cast<R>(scale * static_cast<double>(weight[i]));
    for (std::int64_t c = 0; c < x.cols; ++c) dx.row(row)[c] = 0;
    for (std::int64_t v = 0; v < table.rows; ++v) {
      const R softmax = std::exp(scratch[static_cast<std::size_t>(v)] - total);
      const R dlogit = factor * (v == t ? softmax - 1 : softmax);
      for (std::int64_t c = 0; c < x.cols; ++c) {
        dx.row(row)[c] += dlogit * table.row(v)[c];
        dtable.row(v)[c] += dlogit * x.row(row)[c];
      }
    }
  }
}

}  // namespace ordo
