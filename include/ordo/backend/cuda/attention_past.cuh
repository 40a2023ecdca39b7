#pragma once
// What the gradients of attention on matrix units are told of the forward pass.

#include <cstdint>

#include <ordo/backend/cuda/device.cuh>
#include <ordo/backend/cuda/running_softmax.cuh>
#include <ordo/core/bf16.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

/// What the forward pass left, and what flows back.
struct MatrixPast {
  Matrix<const float> lse;    // (Q, H)
  Matrix<const bf16> dout;    // (Q, H D)
  Matrix<const float> along;  // (Q, H)
};

namespace matrix {

/// A logarithm of a sum of exponentials in powers of two; 0 for that of nothing, so that 2^(nothing - it) is 0.
ORDO_DEVICE float in_log2(float lse) { return lse == nothing ? 0.0F : lse * log2_e; }

}  // namespace matrix

}  // namespace ordo::cuda
