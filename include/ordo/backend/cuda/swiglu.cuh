#pragma once
// SwiGLU (Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202), between its linear layers.

#include <cmath>
#include <cstdint>

#include <ordo/backend/cuda/backend.cuh>

namespace ordo {

namespace cuda {

/// 1 / (1 + exp(-x)): 0 and 1 at the ends, never a NaN.
template <class R>
ORDO_DEVICE R sigmoid(R x) {
  return R(1) / (R(1) + std::exp(-x));
}

template <class R>
struct Swiglu {
  Matrix<const R> gate_up;
  Matrix<R> h;

  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t s = i / h.cols;
    const std::int64_t f = i % h.cols;
    const R gate = gate_up.row(s)[f];
    h.row(s)[f] = gate * sigmoid(gate) * gate_up.row(s)[h.cols + f];
  }
};

template <class R>
struct SwigluGradient {
  Matrix<const R> gate_up;
  Matrix<const R> dh;
  Matrix<R> dgate_up;

  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t s = i / dh.cols;
    const std::int64_t f = i % dh.cols;
    const R gate = gate_up.row(s)[f];
    const R up = gate_up.row(s)[dh.cols + f];
    const R d = dh.row(s)[f];
    const R open = sigmoid(gate);
    dgate_up.row(s)[f] = d * up * (open * (1 + gate * (1 - open)));
    dgate_up.row(s)[dh.cols + f] = d * (gate * open);
  }
};

}  // namespace cuda

/// h = silu(gate) * up, silu(x) = x * sigmoid(x). gate_up (S, 2 F): F gates, then F ups; h (S, F).
template <class R>
void swiglu(const CudaBackend<R>& b, cuda::In<R> gate_up, cuda::Out<R> h) {
  cuda::for_each(b.queue(), h.rows * h.cols, cuda::Swiglu<R>{gate_up, h});
}

/// dup = dh * silu(gate), dgate = dh * up * silu'(gate), silu'(x) = sigmoid(x) * (1 + x * (1 - sigmoid(x))).
/// gate_up, dgate_up (S, 2 F), dh (S, F).
template <class R>
void swiglu_gradient(const CudaBackend<R>& b, cuda::In<R> gate_up, cuda::In<R> dh, cuda::Out<R> dgate_up) {
  cuda::for_each(b.queue(), dh.rows * dh.cols, cuda::SwigluGradient<R>{gate_up, dh, dgate_up});
}

}  // namespace ordo
