#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/dropout_draws.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

namespace cpu {

/// Calls work(s, first column, columns, draws) on pieces of every row of a branch: several rows' draws are made
/// together, a long row's in several pieces.
template <class Work>
void for_dropped_rows(const Cpu& cpu, const Dropout& dropout, RowPlaces places, std::int64_t rows, std::int64_t cols,
                      const Work& work) {
  constexpr std::int64_t room = 4096;  // draws made together
  const std::int64_t piece = std::min(room, (cols + 7) / 8 * 8);
  const std::int64_t together = room / piece;
  for_rows(cpu, rows, 4 * cols, [&](std::int64_t first, std::int64_t last) {
    alignas(64) std::uint16_t draws[room];
    for (std::int64_t s = first; s < last; s += together) {
      const std::int64_t count = std::min(together, last - s);
      const auto at = static_cast<std::size_t>(s);
      for (std::int64_t c = 0; c < cols; c += piece) {
        const std::int64_t width = std::min(piece, cols - c);
        const std::int64_t blocks = (width + 7) / 8;
        dropout_draws(dropout, places.sample.subspan(at, static_cast<std::size_t>(count)), 0,
                      places.slot.subspan(at, static_cast<std::size_t>(count)), static_cast<std::uint32_t>(c / 8),
                      static_cast<std::uint32_t>(blocks), draws);
        for (std::int64_t r = 0; r < count; ++r) work(s + r, c, width, draws + r * blocks * 8);
      }
    }
  });
}

}  // namespace cpu

/// x += dropped y. y, x (S, C), places (S), not read where dropout is off.
inline void add_dropout(const Cpu& cpu, Matrix<const float> y, Dropout dropout, RowPlaces places, Matrix<float> x) {
  if (!dropout.active()) {
    cpu::for_rows(cpu, y.rows, y.cols, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t s = first; s < last; ++s) {
        const float* from = y.row(s);
        float* to = x.row(s);
        for (std::int64_t c = 0; c < y.cols; ++c) to[c] += from[c];
      }
    });
    return;
  }
  cpu::for_dropped_rows(cpu, dropout, places, y.rows, y.cols,
                        [&](std::int64_t s, std::int64_t c, std::int64_t count, const std::uint16_t* draws) {
                          const float* from = y.row(s) + c;
                          float* to = x.row(s) + c;
                          const float scale = dropout.scale();
                          const std::uint32_t threshold = dropout.threshold;
                          for (std::int64_t i = 0; i < count; ++i) {
                            to[i] += draws[i] >= threshold ? from[i] * scale : 0.0F;
                          }
                        });
}

/// dy = dropped dx. dx, dy (S, C), places (S).
inline void dropout_gradient(const Cpu& cpu, Matrix<const float> dx, Dropout dropout, RowPlaces places,
                             Matrix<float> dy) {
  if (!dropout.active()) {
    cpu::for_rows(cpu, dx.rows, dx.cols, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t s = first; s < last; ++s) std::copy_n(dx.row(s), dx.cols, dy.row(s));
    });
    return;
  }
  cpu::for_dropped_rows(cpu, dropout, places, dx.rows, dx.cols,
                        [&](std::int64_t s, std::int64_t c, std::int64_t count, const std::uint16_t* draws) {
                          cpu::drop(draws, dropout.threshold, dropout.scale(), dx.row(s) + c, dy.row(s) + c, count);
                        });
}

}  // namespace ordo
