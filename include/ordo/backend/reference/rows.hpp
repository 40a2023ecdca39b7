#pragma once
// Picks rows of a packed batch, and adds them back.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/backend/reference/embedding.hpp>

namespace ordo {

/// y[i] = x[rows[i]]. x (S, C), rows (Q), y (Q, C).
template <class R>
void gather(const Reference<R>& b, reference::In<R> x, std::span<const std::int32_t> rows, reference::Out<R> y) {
  embed(b, x, rows, y);
}

/// x[rows[i]] += y[i]; the rows differ. y (Q, C), rows (Q), x (S, C).
template <class R>
void scatter_add(const Reference<R>& b, reference::In<R> y, std::span<const std::int32_t> rows, reference::Out<R> x) {
  embed_gradient(b, y, rows, x);
}

}  // namespace ordo
