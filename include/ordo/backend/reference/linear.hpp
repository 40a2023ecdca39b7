#pragma once
// The linear layer, without bias. Weights are (out, in), as in PyTorch and in safetensors files.

#include <cstdint>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/core/error.hpp>

namespace ordo {

namespace reference {

/// Throws unless a batch (S, in), a weight (out, in) and an output (S, out) fit together.
template <class R>
void check_linear(const char* where, Matrix<const R> x, Matrix<const R> w, Matrix<const R> y) {
  require(x.cols == w.cols && y.cols == w.rows && x.rows == y.rows, where,
          "the shapes must be (S, in), (out, in) and (S, out) (got (", x.rows, ", ", x.cols, "), (", w.rows, ", ",
          w.cols, ") and (", y.rows, ", ", y.cols, "))");
}

/// Sum of a[i] * b[i], in ascending order.
template <class R>
R dot(const R* a, const R* b, std::int64_t count) {
  R sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace reference

/// y = x w^T. x (S, in), w (out, in), y (S, out).
template <class R>
void linear(const Reference<R>&, reference::In<R> x, reference::In<R> w, reference::Out<R> y) {
  reference::check_linear<R>("linear", x, w, y);
  for (std::int64_t s = 0; s < y.rows; ++s) {
    for (std::int64_t o = 0; o < y.cols; ++o) y.row(s)[o] = reference::dot(x.row(s), w.row(o), x.cols);
  }
}

/// dx = dy w. dy (S, out), w (out, in), dx (S, in).
template <class R>
void linear_input_gradient(const Reference<R>&, reference::In<R> dy, reference::In<R> w, reference::Out<R> dx) {
  reference::check_linear<R>("linear_input_gradient", dx, w, dy);
  for (std::int64_t s = 0; s < dx.rows; ++s) {
    for (std::int64_t i = 0; i < dx.cols; ++i) dx.row(s)[i] = 0;
    for (std::int64_t o = 0; o < dy.cols; ++o) {
      for (std::int64_t i = 0; i < dx.cols; ++i) dx.row(s)[i] += dy.row(s)[o] * w.row(o)[i];
    }
  }
}

/// dw += dy^T x. dy (S, out), x (S, in), dw (out, in).
template <class R>
void linear_weight_gradient(const Reference<R>&, reference::In<R> dy, reference::In<R> x, reference::Out<R> dw) {
  reference::check_linear<R>("linear_weight_gradient", x, dw, dy);
  for (std::int64_t s = 0; s < x.rows; ++s) {
    for (std::int64_t o = 0; o < dy.cols; ++o) {
      for (std::int64_t i = 0; i < x.cols; ++i) dw.row(o)[i] += dy.row(s)[o] * x.row(s)[i];
    }
  }
}

}  // namespace ordo
