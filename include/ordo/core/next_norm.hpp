#pragma once
// The RMSNorm that reads a matrix as soon as it is written.

#include <span>

#include <ordo/core/matrix.hpp>

namespace ordo {

/// Its gain, and where its results go (see rms_norm). A: of activations; R: of statistics.
template <class A, class R>
struct NextNorm {
  std::span<const R> gain;  // (C)
  double epsilon = 0;
  Matrix<A> y;               // (S, C)
  std::span<R> inverse_rms;  // (S)
};

}  // namespace ordo
