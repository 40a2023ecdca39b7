#pragma once
// Rows of a table by index, and what flows back to them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

namespace cpu {

/// Throws unless every index is a row of a matrix of `rows` rows, and there are `places` of them.
inline void check_rows(const char* where, std::span<const std::int32_t> index, std::int64_t rows, std::int64_t places) {
  require(static_cast<std::int64_t>(index.size()) <= places, where, "there are ", index.size(),
          " indices for a matrix of ", places, " rows");
  for (const std::int32_t i : index) {
    require(i >= 0 && i < rows, where, "a row must be below the table's ", rows, " rows (got ", i, ")");
  }
}

}  // namespace cpu

/// y[s] = table[rows[s]]. table (V, C), rows (S), y (S, C).
inline void embed(const Cpu& cpu, Matrix<const float> table, std::span<const std::int32_t> rows, Matrix<float> y) {
  cpu::check_rows("embed", rows, table.rows, y.rows);
  cpu::for_rows(cpu, static_cast<std::int64_t>(rows.size()), y.cols, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s) {
      std::copy_n(table.row(rows[static_cast<std::size_t>(s)]), y.cols, y.row(s));
    }
  });
}

/// dtable[rows[s]] += dy[s]; rows may repeat. dy (S, C), rows (S), dtable (V, C). Each thread adds up a range of the
/// columns, in the order of s.
inline void embed_gradient(const Cpu& cpu, Matrix<const float> dy, std::span<const std::int32_t> rows,
                           Matrix<float> dtable) {
  cpu::check_rows("embed_gradient", rows, dtable.rows, dy.rows);
  const auto count = static_cast<std::int64_t>(rows.size());
  cpu::for_ranges(cpu, dy.cols, 16384 / (count + 1), 16, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = 0; s < count; ++s) {
      const float* from = dy.row(s);
      float* to = dtable.row(rows[static_cast<std::size_t>(s)]);
      for (std::int64_t c = first; c < last; ++c) to[c] += from[c];
    }
  });
}

}  // namespace ordo
