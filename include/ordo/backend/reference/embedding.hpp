#pragma once
// Rows of a table by index, and what flows back to them.

#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/core/error.hpp>

namespace ordo {

namespace reference {

/// `index` as a row of a matrix of `rows` rows. Throws where there is no such row.
inline std::int64_t row_of(const char* where, std::int64_t index, std::int64_t rows) {
  require(index >= 0 && index < rows, where, "a row must be below the table's ", rows, " rows (got ", index, ")");
  return index;
}

}  // namespace reference

/// y[s] = table[rows[s]]. table (V, C), rows (S), y (S, C).
template <class R>
void embed(const Reference<R>&, reference::In<R> table, std::span<const std::int32_t> rows, reference::Out<R> y) {
  for (std::size_t s = 0; s < rows.size(); ++s) {
    const R* from = table.row(reference::row_of("embed", rows[s], table.rows));
    R* to = y.row(static_cast<std::int64_t>(s));
    for (std::int64_t c = 0; c < table.cols; ++c) to[c] = from[c];
  }
}

/// dtable[rows[s]] += dy[s]; rows may repeat. dy (S, C), rows (S), dtable (V, C).
template <class R>
void embed_gradient(const Reference<R>&, reference::In<R> dy, std::span<const std::int32_t> rows,
                    reference::Out<R> dtable) {
  for (std::size_t s = 0; s < rows.size(); ++s) {
    const R* from = dy.row(static_cast<std::int64_t>(s));
    R* to = dtable.row(reference::row_of("embed_gradient", rows[s], dtable.rows));
    for (std::int64_t c = 0; c < dy.cols; ++c) to[c] += from[c];
  }
}

}  // namespace ordo
