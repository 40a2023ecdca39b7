#pragma once
// SwiGLU (Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202), between its linear layers.

#include <cmath>
#include <cstdint>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/backend/reference/linear.hpp>

namespace ordo {

namespace reference {

/// 1 / (1 + exp(-x)): 0 and 1 at the ends, never a NaN.
template <class R>
R sigmoid(R x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace reference

/// h = silu(gate) * up, silu(x) = x * sigmoid(x). gate_up (S, 2 F): F gates, then F ups; h (S, F).
template <class R>
void swiglu(const Reference<R>&, reference::In<R> gate_up, reference::Out<R> h) {
  for (std::int64_t s = 0; s < h.rows; ++s) {
    const R* gate = gate_up.row(s);
    const R* up = gate + h.cols;
    for (std::int64_t f = 0; f < h.cols; ++f) h.row(s)[f] = gate[f] * reference::sigmoid(gate[f]) * up[f];
  }
}

/// gate_up = x w^T, and h = swiglu(gate_up). x (S, C), w (2 F, C), gate_up (S, 2 F), h (S, F).
template <class R>
void linear_swiglu(const Reference<R>& b, reference::In<R> x, reference::In<R> w, reference::Out<R> gate_up,
                   reference::Out<R> h) {
  linear(b, x, w, gate_up);
  swiglu(b, gate_up, h);
}

/// dup = dh * silu(gate), dgate = dh * up * silu'(gate), silu'(x) = sigmoid(x) * (1 + x * (1 - sigmoid(x))).
/// gate_up, dgate_up (S, 2 F), dh (S, F).
template <class R>
void swiglu_gradient(const Reference<R>&, reference::In<R> gate_up, reference::In<R> dh, reference::Out<R> dgate_up) {
  for (std::int64_t s = 0; s < dh.rows; ++s) {
    const R* gate = gate_up.row(s);
    const R* up = gate + dh.cols;
    R* dgate = dgate_up.row(s);
    R* dup = dgate + dh.cols;
    for (std::int64_t f = 0; f < dh.cols; ++f) {
      const R d = dh.row(s)[f];
      const R g = gate[f];
      const R open = reference::sigmoid(g);
      const R slope = open * (1 + g * (1 - open));
      dgate[f] = d * up[f] * slope;
      dup[f] = d * (g * open);
    }
  }
}

}  // namespace ordo
