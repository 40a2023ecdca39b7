#pragma once
// Joins a branch to the residual stream, through dropout (Srivastava et al. 2014).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/dropout_draws.hpp>
#include <ordo/backend/cpu/embedding.hpp>
#include <ordo/backend/cpu/linear.hpp>
#include <ordo/backend/cpu/rms_norm.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/next_norm.hpp>

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

/// y[i] = x[rows[i]] + dropped branch[i]. x (S, C), rows (Q), or none for all in order, places (Q), branch, y (Q, C); y
/// lies apart from x. Places are not read where dropout is off.
inline void join(const Cpu& cpu, Matrix<const float> x, std::span<const std::int32_t> rows, Matrix<const float> branch,
                 Dropout dropout, RowPlaces places, Matrix<float> y) {
  cpu::check_rows("join", rows, x.rows, branch.rows);
  const auto row = [&](std::int64_t i) { return x.row(rows.empty() ? i : rows[static_cast<std::size_t>(i)]); };
  if (!dropout.active()) {
    cpu::for_rows(cpu, branch.rows, branch.cols, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const float* stream = row(i);
        const float* added = branch.row(i);
        float* to = y.row(i);
        for (std::int64_t c = 0; c < branch.cols; ++c) to[c] = stream[c] + added[c];
      }
    });
    return;
  }
  cpu::for_dropped_rows(cpu, dropout, places, branch.rows, branch.cols,
                        [&](std::int64_t i, std::int64_t c, std::int64_t count, const std::uint16_t* draws) {
                          const float* stream = row(i) + c;
                          const float* added = branch.row(i) + c;
                          float* to = y.row(i) + c;
                          const float scale = dropout.scale();
                          const std::uint32_t threshold = dropout.threshold;
                          for (std::int64_t j = 0; j < count; ++j) {
                            to[j] = stream[j] + (draws[j] >= threshold ? added[j] * scale : 0.0F);
                          }
                        });
}

}  // namespace cpu

/// A branch's last product h w^T joins the stream, and what it comes to is normed: linear, join and rms_norm. h (Q,
/// in), w (C, in), room (Q, C).
inline void join_branch(const Cpu& cpu, Matrix<const float> x, std::span<const std::int32_t> rows,
                        Matrix<const float> h, Matrix<const float> w, Dropout dropout, RowPlaces places,
                        Matrix<float> room, Matrix<float> y, const NextNorm<float, float>& norm) {
  linear(cpu, h, w, room);
  cpu::join(cpu, x, rows, room, dropout, places, y);
  rms_norm(cpu, y, norm.gain, norm.epsilon, norm.y, norm.inverse_rms);
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
