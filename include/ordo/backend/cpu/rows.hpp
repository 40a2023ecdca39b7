#pragma once
// Picks rows of a packed batch, and adds them back.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/embedding.hpp>

namespace ordo {

/// y[i] = x[rows[i]]. x (S, C), rows (Q), y (Q, C).
inline void gather(const Cpu& cpu, Matrix<const float> x, std::span<const std::int32_t> rows, Matrix<float> y) {
  embed(cpu, x, rows, y);
}

/// x[rows[i]] += y[i]; the rows differ. y (Q, C), rows (Q), x (S, C).
inline void scatter_add(const Cpu& cpu, Matrix<const float> y, std::span<const std::int32_t> rows, Matrix<float> x) {
  cpu::check_rows("scatter_add", rows, x.rows, y.rows);
  cpu::for_rows(cpu, static_cast<std::int64_t>(rows.size()), x.cols, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const float* from = y.row(i);
      float* to = x.row(rows[static_cast<std::size_t>(i)]);
      for (std::int64_t c = 0; c < x.cols; ++c) to[c] += from[c];
    }
  });
}

}  // namespace ordo
