#pragma once
// SwiGLU (Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202), between its linear layers.

#include <cmath>
#include <cstdint>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/backend/cuda/few_rows.cuh>
#include <ordo/backend/cuda/linear.cuh>

namespace ordo {

namespace cuda {

/// 1 / (1 + exp(-x)): 0 and 1 at the ends, never a NaN.
ORDO_DEVICE float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

template <bool Aligned, class A>
struct Swiglu {
  Matrix<const A> gate;  // (S, F)
  Matrix<const A> up;    // (S, F)
  Matrix<A> h;           // (S, F)

  ORDO_DEVICE void operator()(const Columns& at) const {
    float g[8];
    float u[8];
    load<Aligned>(gate.row(at.row), at, g);
    load<Aligned>(up.row(at.row), at, u);
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) g[i] = g[i] * sigmoid(g[i]) * u[i];
    store<Aligned>(h.row(at.row), at, g);
  }
};

template <bool Aligned, class A>
struct SwigluGradient {
  Matrix<const A> gate;  // all (S, F)
  Matrix<const A> up;
  Matrix<const A> dh;
  Matrix<A> dgate;
  Matrix<A> dup;

  ORDO_DEVICE void operator()(const Columns& at) const {
    float g[8];
    float u[8];
    float d[8];
    load<Aligned>(gate.row(at.row), at, g);
    load<Aligned>(up.row(at.row), at, u);
    load<Aligned>(dh.row(at.row), at, d);
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) {
      const float open = sigmoid(g[i]);
      u[i] = d[i] * u[i] * (open * (1 + g[i] * (1 - open)));
      d[i] = d[i] * (g[i] * open);
    }
    store<Aligned>(dgate.row(at.row), at, u);
    store<Aligned>(dup.row(at.row), at, d);
  }
};

/// gate_up = x w^T of a few rows, and h of that as it is rounded: a warp for each column of h.
template <int Rows, class A>
ORDO_KERNEL linear_swiglu_kernel(Matrix<const A> x, Matrix<const A> w, Matrix<A> gate_up, Matrix<A> h) {
  const std::int64_t f = static_cast<std::int64_t>(block_x()) * (block_threads() / warp_size) + warp();
  if (f < h.cols) {
    expect_weights(w.row(f), w.cols);
    expect_weights(w.row(h.cols + f), w.cols);
  }
  await_queued();
  if (f >= h.cols) return;
  float sums[2][Rows];
  dots<Rows>(x, {w.row(f), w.row(h.cols + f)}, sums);
  ORDO_UNROLL
  for (int r = 0; r < Rows; ++r) {
    if (lane() != r || r >= x.rows) continue;
    const auto gate = static_cast<A>(sums[0][r]);
    const auto up = static_cast<A>(sums[1][r]);
    const auto g = static_cast<float>(gate);
    gate_up.row(r)[f] = gate;
    gate_up.row(r)[h.cols + f] = up;
    h.row(r)[f] = static_cast<A>(g * sigmoid(g) * static_cast<float>(up));
  }
}

}  // namespace cuda

/// h = silu(gate) * up, silu(x) = x * sigmoid(x). gate_up (S, 2 F): F gates, then F ups; h (S, F).
template <class A>
void swiglu(const CudaBackend<A>& b, cuda::In<A> gate_up, cuda::Out<A> h) {
  const Matrix<const A> gate = gate_up.columns(0, h.cols);
  const Matrix<const A> up = gate_up.columns(h.cols, h.cols);
  if (cuda::in_eights(gate, up, h)) {
    cuda::for_each_columns(b.queue(), h.rows, h.cols, cuda::Swiglu<true, A>{gate, up, h});
  } else {
    cuda::for_each_columns(b.queue(), h.rows, h.cols, cuda::Swiglu<false, A>{gate, up, h});
  }
}

/// gate_up = x w^T, and h = swiglu(gate_up). x (S, C), w (2 F, C), gate_up (S, 2 F), h (S, F).
template <class A>
void linear_swiglu(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> w, cuda::Out<A> gate_up, cuda::Out<A> h) {
  if (!cuda::are_few_rows(x, w)) {
    linear(b, x, w, gate_up);
    return swiglu(b, gate_up, h);
  }
  cuda::with_few_rows(x.rows, [&](auto rows) {
    cuda::launch_early(b.queue(), cuda::few_rows_grid(h.cols), cuda::linear_swiglu_kernel<rows(), A>, x, w, gate_up, h);
  });
}

/// dup = dh * silu(gate), dgate = dh * up * silu'(gate), silu'(x) = sigmoid(x) * (1 + x * (1 - sigmoid(x))).
/// gate_up, dgate_up (S, 2 F), dh (S, F).
template <class A>
void swiglu_gradient(const CudaBackend<A>& b, cuda::In<A> gate_up, cuda::In<A> dh, cuda::Out<A> dgate_up) {
  const std::int64_t f = dh.cols;
  const Matrix<const A> gate = gate_up.columns(0, f);
  const Matrix<const A> up = gate_up.columns(f, f);
  const Matrix<A> dgate = dgate_up.columns(0, f);
  const Matrix<A> dup = dgate_up.columns(f, f);
  if (cuda::in_eights(gate, up, dh, dgate, dup)) {
    cuda::for_each_columns(b.queue(), dh.rows, f, cuda::SwigluGradient<true, A>{gate, up, dh, dgate, dup});
  } else {
    cuda::for_each_columns(b.queue(), dh.rows, f, cuda::SwigluGradient<false, A>{gate, up, dh, dgate, dup});
  }
}

}  // namespace ordo
