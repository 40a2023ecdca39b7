#pragma once
// The linear layer, without bias. Weights are (out, in), as in PyTorch and in safetensors files.

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/gemm.cuh>

namespace ordo {

/// y = x w^T. x (S, in), w (out, in), y (S, out).
template <class R>
void linear(const CudaBackend<R>& b, cuda::In<R> x, cuda::In<R> w, cuda::Out<R> y) {
  cuda::multiply(b, x, cuda::Transposed::no, w, cuda::Transposed::yes, y, false);
}

/// dx = dy w. dy (S, out), w (out, in), dx (S, in).
template <class R>
void linear_input_gradient(const CudaBackend<R>& b, cuda::In<R> dy, cuda::In<R> w, cuda::Out<R> dx) {
  cuda::multiply(b, dy, cuda::Transposed::no, w, cuda::Transposed::no, dx, false);
}

/// dw += dy^T x. dy (S, out), x (S, in), dw (out, in).
template <class R>
void linear_weight_gradient(const CudaBackend<R>& b, cuda::In<R> dy, cuda::In<R> x, cuda::Out<R> dw) {
  cuda::multiply(b, dy, cuda::Transposed::yes, x, cuda::Transposed::no, dw, true);
}

}  // namespace ordo
