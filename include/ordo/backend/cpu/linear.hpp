#pragma once
// The linear layer, without bias. Weights are (out, in), as in PyTorch and in safetensors files.

#include <algorithm>
#include <cstdint>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/gemm.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

namespace cpu {

/// Throws unless a batch (S, in), a weight (out, in) and an output (S, out) fit together.
inline void check_linear(const char* where, Matrix<const float> x, Matrix<const float> w, Matrix<const float> y) {
  require(x.cols == w.cols && y.cols == w.rows && x.rows == y.rows, where,
          "the shapes must be (S, in), (out, in) and (S, out) (got (", x.rows, ", ", x.cols, "), (", w.rows, ", ",
          w.cols, ") and (", y.rows, ", ", y.cols, "))");
}

inline Strided strided(Matrix<const float> x) { return {x.data, x.stride, 1}; }
inline Strided transposed(Matrix<const float> x) { return {x.data, 1, x.stride}; }

/// c = or += a b, c (m, n), a (m, k): each thread makes whole rows or whole columns of c, whichever are more.
inline void parallel_product(const Cpu& cpu, std::int64_t k, Strided a, Strided b, Matrix<float> c, bool add) {
  const std::int64_t work = 1 + k * std::min(c.rows, c.cols);  // multiplications a row or column
  constexpr std::int64_t least = 1 << 18;                      // a thread's least share: some ten microseconds
  if (c.rows >= c.cols) {
    for_ranges(cpu, c.rows, least / work, tile_rows, [&](std::int64_t first, std::int64_t last) {
      product(last - first, c.cols, k, a.from(first, 0), b, c.row(first), c.stride, add);
    });
  } else {
    for_ranges(cpu, c.cols, least / work, tile_cols, [&](std::int64_t first, std::int64_t last) {
      product(c.rows, last - first, k, a, b.from(0, first), c.data + first, c.stride, add);
    });
  }
}

inline constexpr std::int64_t few_rows = 4;  // up to here a weight is read too seldom to be worth a copy

/// y = x w^T, reading each row of w once: while sampling token by token.
inline void linear_of_few(const Cpu& cpu, Matrix<const float> x, Matrix<const float> w, Matrix<float> y) {
  for_ranges(cpu, y.cols, 16384 / (x.cols + 1), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t o = first; o < last; ++o) {
      for (std::int64_t s = 0; s < y.rows; ++s) y.row(s)[o] = dot(x.row(s), w.row(o), x.cols);
    }
  });
}

}  // namespace cpu

/// y = x w^T. x (S, in), w (out, in), y (S, out).
inline void linear(const Cpu& cpu, Matrix<const float> x, Matrix<const float> w, Matrix<float> y) {
  cpu::check_linear("linear", x, w, y);
  if (y.rows <= cpu::few_rows) return cpu::linear_of_few(cpu, x, w, y);
  cpu::parallel_product(cpu, x.cols, cpu::strided(x), cpu::transposed(w), y, false);
}

/// dx = dy w. dy (S, out), w (out, in), dx (S, in).
inline void linear_input_gradient(const Cpu& cpu, Matrix<const float> dy, Matrix<const float> w, Matrix<float> dx) {
  cpu::check_linear("linear_input_gradient", dx, w, dy);
  cpu::parallel_product(cpu, dy.cols, cpu::strided(dy), cpu::strided(w), dx, false);
}

/// dw += dy^T x. dy (S, out), x (S, in), dw (out, in).
inline void linear_weight_gradient(const Cpu& cpu, Matrix<const float> dy, Matrix<const float> x, Matrix<float> dw) {
  cpu::check_linear("linear_weight_gradient", x, dw, dy);
  cpu::parallel_product(cpu, dy.rows, cpu::transposed(dy), cpu::strided(x), dw, true);
}

}  // namespace ordo
