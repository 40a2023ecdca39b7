#pragma once
// Attention under a visibility rule (Vaswani et al. 2017, arXiv:1706.03762). No mask exists: each query walks through
// the keys that the rule lets it see, in slot order, so a row's result does not depend on what else is in the batch.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/backend/reference/linear.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/error.hpp>

namespace ordo {

namespace reference {

/// Calls f(sequence, query row, the slots that it sees) for every query of the batch.
template <class Rule, class F>
void for_each_query(const AttentionLayout<Rule>& layout, const F& f) {
  std::vector<std::int32_t> seen;
  for (const AttentionSequence<Rule>& sequence : layout.sequences) {
    for (std::int32_t i = 0; i < sequence.queries; ++i) {
      const std::int32_t row = sequence.query_begin + i;
      const std::int32_t slot = layout.query_slot[static_cast<std::size_t>(row)];
      seen.clear();
      for (std::int32_t j = 0; j < sequence.keys; ++j) {
        if (sequence.rule.sees(slot, j)) seen.push_back(j);
      }
      f(sequence, row, seen);
    }
  }
}

/// What dropout multiplies the probability of (query slot, key slot) by: 0, or 1 / (1 - rate).
template <class R>
R attention_factor(Dropout dropout, std::uint64_t sample, std::int64_t head, std::int32_t query, std::int32_t key) {
  if (!dropout.active()) return 1;
  const bool kept = dropout.keeps(sample, static_cast<std::uint32_t>(head), static_cast<std::uint32_t>(query),
                                  static_cast<std::uint32_t>(key));
  return kept ? static_cast<R>(dropout.scale()) : R(0);
}

/// H, the number of heads of D columns each.
template <class Rule>
std::int64_t heads(const char* where, const AttentionLayout<Rule>& layout, std::int64_t cols) {
  require(layout.head_size > 0 && cols % layout.head_size == 0, where, "the head size must divide the columns (got ",
          layout.head_size, " and ", cols, ")");
  return cols / layout.head_size;
}

}  // namespace reference

/// out[r] = sum over seen keys of p_j v_j in each head, p = softmax(q . k / sqrt(D)), after dropout on p;
/// lse[r, h] = log sum_j exp(q . k_j / sqrt(D)). A query that sees nothing gets zeros, and lse = -infinity.
/// q, out (Q, H D), k, v (S, H D), lse (Q, H).
template <class R, class Rule>
void attention(const Reference<R>&, const AttentionLayout<Rule>& layout, Dropout dropout, reference::In<R> q,
               reference::In<R> k, reference::In<R> v, reference::Out<R> out, reference::Out<R> lse) {
  const std::int64_t d = layout.head_size;
  const std::int64_t heads = reference::heads("attention", layout, q.cols);
  const R scale = 1 / std::sqrt(static_cast<R>(d));
  std::vector<R> score;
  reference::for_each_query(layout, [&](const auto& sequence, std::int32_t row, const auto& seen) {
    const std::int32_t slot = layout.query_slot[static_cast<std::size_t>(row)];
    for (std::int64_t h = 0; h < heads; ++h) {
      R largest = -std::numeric_limits<R>::infinity();
      score.clear();
      for (const std::int32_t j : seen) {
        score.push_back(scale * reference::dot(q.row(row) + h * d, k.row(sequence.key_begin + j) + h * d, d));
        largest = std::max(largest, score.back());
      }
      R sum = 0;
      for (R& s : score) {
        s = std::exp(s - largest);
        sum += s;
      }
      lse.row(row)[h] = largest + std::log(sum);  // -infinity where nothing is seen
      R* o = out.row(row) + h * d;
      std::fill(o, o + d, R(0));
      for (std::size_t i = 0; i < seen.size(); ++i) {
        const R p = score[i] / sum * reference::attention_factor<R>(dropout, sequence.sample, h, slot, seen[i]);
        const R* value = v.row(sequence.key_begin + seen[i]) + h * d;
        for (std::int64_t c = 0; c < d; ++c) o[c] += p * value[c];
      }
    }
  });
}

/// The gradient, from the forward's out and lse; dropout must be the forward's. In each head, with p the
/// probabilities, f their dropout factors, and s the scores: dv_j += f_j p_j dout, dp_j = f_j (dout . v_j),
/// ds_j = p_j (dp_j - dout . out), as dout . out = sum_j p_j dp_j; dq, dk from ds.
/// All of dq (Q, H D) and dk, dv (S, H D) is overwritten: zero for keys that nobody sees.
template <class R, class Rule>
void attention_gradient(const Reference<R>&, const AttentionLayout<Rule>& layout, Dropout dropout, reference::In<R> q,
                        reference::In<R> k, reference::In<R> v, reference::In<R> out, reference::In<R> lse,
                        reference::In<R> dout, reference::Out<R> dq, reference::Out<R> dk, reference::Out<R> dv) {
  const std::int64_t d = layout.head_size;
  const std::int64_t heads = reference::heads("attention_gradient", layout, q.cols);
  const R scale = 1 / std::sqrt(static_cast<R>(d));
  for (const Matrix<R>& gradient : {dq, dk, dv}) {
    for (std::int64_t r = 0; r < gradient.rows; ++r) std::fill(gradient.row(r), gradient.row(r) + gradient.cols, R(0));
  }
  reference::for_each_query(layout, [&](const auto& sequence, std::int32_t row, const auto& seen) {
    const std::int32_t slot = layout.query_slot[static_cast<std::size_t>(row)];
    for (std::int64_t h = 0; h < heads; ++h) {
      const R* qh = q.row(row) + h * d;
      const R* douth = dout.row(row) + h * d;
      const R along = reference::dot(douth, out.row(row) + h * d, d);
      for (const std::int32_t j : seen) {
        const std::int64_t key = sequence.key_begin + j;
        const R* kh = k.row(key) + h * d;
        const R p = std::exp(scale * reference::dot(qh, kh, d) - lse.row(row)[h]);
        const R factor = reference::attention_factor<R>(dropout, sequence.sample, h, slot, j);
        const R dp = factor * reference::dot(douth, v.row(key) + h * d, d);
        const R ds = scale * p * (dp - along);  // for q . k, before the scale
        for (std::int64_t c = 0; c < d; ++c) {
          dq.row(row)[h * d + c] += ds * kh[c];
          dk.row(key)[h * d + c] += ds * qh[c];
          dv.row(key)[h * d + c] += factor * p * douth[c];
        }
      }
    }
  });
}

}  // namespace ordo
