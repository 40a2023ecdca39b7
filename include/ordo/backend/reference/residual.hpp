#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/backend/reference/embedding.hpp>
#include <ordo/backend/reference/linear.hpp>
#include <ordo/backend/reference/rms_norm.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/next_norm.hpp>

namespace ordo {

namespace reference {

/// What dropout multiplies the number at (row s, channel c) of a branch by: 0, or 1 / (1 - rate).
template <class R>
R branch_factor(Dropout dropout, RowPlaces places, std::int64_t s, std::int64_t c) {
  if (!dropout.active()) return 1;
  const auto i = static_cast<std::size_t>(s);
  const bool kept =
      dropout.keeps(places.sample[i], 0, static_cast<std::uint32_t>(places.slot[i]), static_cast<std::uint32_t>(c));
  return kept ? static_cast<R>(dropout.scale()) : R(0);
}

/// y[i] = x[rows[i]] + dropped branch[i]. x (S, C), rows (Q), or none for all in order, places (Q), branch, y (Q, C); y
/// lies apart from x. Places are not read where dropout is off.
template <class R>
void join(const Reference<R>&, reference::In<R> x, std::span<const std::int32_t> rows, reference::In<R> branch,
          Dropout dropout, RowPlaces places, reference::Out<R> y) {
  for (std::int64_t i = 0; i < branch.rows; ++i) {
    const std::int64_t row = rows.empty() ? i : rows[static_cast<std::size_t>(i)];
    const R* from = x.row(reference::row_of("join", row, x.rows));
    for (std::int64_t c = 0; c < branch.cols; ++c) {
      y.row(i)[c] = from[c] + reference::branch_factor<R>(dropout, places, i, c) * branch.row(i)[c];
    }
  }
}

}  // namespace reference

/// A branch's last product h w^T joins the stream, and what it comes to is normed: linear, join and rms_norm. h (Q,
/// in), w (C, in), room (Q, C).
template <class R>
void join_branch(const Reference<R>& b, reference::In<R> x, std::span<const std::int32_t> rows, reference::In<R> h,
                 reference::In<R> w, Dropout dropout, RowPlaces places, reference::Out<R> room, reference::Out<R> y,
                 const std::type_identity_t<NextNorm<R, R>>& norm) {
  linear(b, h, w, room);
  reference::join(b, x, rows, room, dropout, places, y);
  rms_norm(b, y, norm.gain, norm.epsilon, norm.y, norm.inverse_rms);
}

/// dy = dropped dx. dx, dy (S, C), places (S).
template <class R>
void dropout_gradient(const Reference<R>&, reference::In<R> dx, Dropout dropout, RowPlaces places,
                      reference::Out<R> dy) {
  for (std::int64_t s = 0; s < dx.rows; ++s) {
    for (std::int64_t c = 0; c < dx.cols; ++c) {
      dy.row(s)[c] = reference::branch_factor<R>(dropout, places, s, c) * dx.row(s)[c];
    }
  }
}

}  // namespace ordo
