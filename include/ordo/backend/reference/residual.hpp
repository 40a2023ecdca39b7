#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <cstddef>
#include <cstdint>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>

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

}  // namespace reference

/// x += dropped y. y, x (S, C), places (S), not read where dropout is off.
template <class R>
void add_dropout(const Reference<R>&, reference::In<R> y, Dropout dropout, RowPlaces places, reference::Out<R> x) {
  for (std::int64_t s = 0; s < y.rows; ++s) {
    for (std::int64_t c = 0; c < y.cols; ++c) {
      x.row(s)[c] += reference::branch_factor<R>(dropout, places, s, c) * y.row(s)[c];
    }
  }
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
