#pragma once
// The linear layer, without bias. Weights are (out, in), as in PyTorch and in safetensors files.

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/gemm.cuh>

namespace ordo {

/// y = x w^T. x (S, in), w (out, in), y (S, out).
template <class A>
void linear(const CudaBackend<A>& b, cuda::In<A> x, cuda::In<A> w, cuda::Out<A> y) {
  cuda::multiply(b, x, cuda::Transposed::no, w, cuda::Transposed::yes, y);
}

/// dx = dy w. dy (S, out), w (out, in), dx (S, in).
template <class A>
void linear_input_gradient(const CudaBackend<A>& b, cuda::In<A> dy, cuda::In<A> w, cuda::Out<A> dx) {
  cuda::multiply(b, dy, cuda::Transposed::no, w, cuda::Transposed::no, dx);
}

/// dw += dy^T x, in fp32. dy (S, out), x (S, in), dw (out, in).
template <class A>
void linear_weight_gradient(const CudaBackend<A>& b, cuda::In<A> dy, cuda::In<A> x, Matrix<float> dw) {
  cuda::multiply(b, dy, cuda::Transposed::yes, x, cuda::Transposed::no, dw, dw);
}

}  // namespace ordo
