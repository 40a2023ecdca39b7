#pragma once
// Which of its ways to work out attention in bf16 a device takes.

#include <ordo/backend/cuda/attention_few.cuh>
#include <ordo/backend/cuda/attention_matrix.cuh>
#include <ordo/backend/cuda/attention_matrix_gradient.cuh>
#include <ordo/backend/cuda/attention_warpgroup.cuh>
#include <ordo/backend/cuda/attention_warpgroup_gradient.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

/// attention (see attention.cuh) in bf16, on matrix units, lse in fp32. Throws where heads do not have as many
/// columns as one of `head_sizes` says.
template <class Rule>
void attention(const Cuda& b, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const bf16> q,
               Matrix<const bf16> k, Matrix<const bf16> v, Matrix<bf16> out, Matrix<float> lse) {
  if (cuda::takes_few(layout, dropout, q, k, v, out)) {
    return cuda::attention_few(b.context(), layout, q, k, v, out, lse);
  }
  if (b.context().has_warpgroups()) return cuda::attention_warpgroup(b.queue(), layout, dropout, q, k, v, out, lse);
  cuda::attention_matrix(b.queue(), layout, dropout, q, k, v, out, lse);
}

/// attention_gradient (see attention_gradient.cuh) in bf16, on matrix units, lse in fp32.
template <class Rule>
void attention_gradient(const Cuda& b, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const bf16> q,
                        Matrix<const bf16> k, Matrix<const bf16> v, Matrix<const bf16> out, Matrix<const float> lse,
                        Matrix<const bf16> dout, Matrix<bf16> dq, Matrix<bf16> dk, Matrix<bf16> dv) {
  if (b.context().has_warpgroups()) {
    return cuda::attention_warpgroup_gradient(b.context(), layout, dropout, q, k, v, out, lse, dout, dq, dk, dv);
  }
  cuda::attention_matrix_gradient(b.context(), layout, dropout, q, k, v, out, lse, dout, dq, dk, dv);
}

}  // namespace ordo
