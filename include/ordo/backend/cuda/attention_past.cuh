#pragma once
// What the gradients of attention are told of the forward pass.

#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

/// What the forward pass left, and what flows back, in A.
template <class A>
struct AttentionPast {
  Matrix<const float> lse;    // (Q, H)
  Matrix<const A> dout;       // (Q, H D)
  Matrix<const float> along;  // (Q, H)
};

}  // namespace ordo::cuda
