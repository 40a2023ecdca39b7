// Every operation of the CUDA backend, compiled for a device: what compile.sh measures.

#include <cstdint>
#include <span>

#include <ordo/backend/cuda/attention_matrix.cuh>
#include <ordo/backend/cuda/attention_matrix_gradient.cuh>
#include <ordo/backend/cuda/cuda.cuh>
#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/factorization/rule/blocks.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>
#include <ordo/factorizations.hpp>

namespace {

using namespace ordo;

static_assert(Backend<Cuda>);

// Policies mean the same to nvcc.
static_assert(Factorization<LeftToRight> && Factorization<Orderings<4>> && Factorization<MaskedDiffusion<>>);
static_assert(Factorization<Mixture<Weighted<LeftToRight, 1>, Weighted<Blockwise<16, MaskedDiffusion<>>, 1>>>);
static_assert(Factorization<AnyFactorization>);

template <class Rule>
void attend(const Cuda& b, const AttentionLayout<Rule>& layout, Matrix<float> m) {
  static_assert(HasAttention<Cuda, Rule>);
  attention(b, layout, Dropout::off(), m, m, m, m, m);
  attention_gradient(b, layout, Dropout::off(), m, m, m, m, m, m, m, m, m);
}

}  // namespace

// What a program calls; it is compiled and never run.
void every_operation(const Cuda& b, Matrix<float> m, std::span<float> s, std::span<const std::int32_t> rows,
                     RowPlaces places, const AttentionLayout<OneOfRules<Causal, Full, Blocks<Full>>>& layout,
                     Matrix<bf16> half, StepSums* sums) {
  embed(b, m, rows, m);
  embed_gradient(b, m, rows, m);
  rms_norm(b, m, s, 1e-5, m, s);
  rms_norm_gradient(b, m, s, s, m, m, s);
  linear(b, m, m, m);
  linear_input_gradient(b, m, m, m);
  linear_weight_gradient(b, m, m, m);
  rotate(b, RotaryTable<float>{}, rows, m, 32, Rotation::forward);
  swiglu(b, m, m);
  swiglu_gradient(b, m, m, m);
  add_dropout(b, m, Dropout::off(), places, m);
  dropout_gradient(b, m, Dropout::off(), places, m);
  gather(b, m, rows, m);
  scatter(b, m, rows, m);
  scatter_add(b, m, rows, m);
  cross_entropy(b, m, m, rows, s, s);
  cross_entropy_gradient(b, m, m, rows, s, 1.0, s, m, m, s);
  fill(b, s, 0.0F);
  copy_values(b, s, s);
  blend(b, s, s, 0.5);
  squared_norm(b, s, &sums->squared_norm);
  add_weighted(b, s, s, &sums->loss);
  adamw(b, s, s, s, s, AdamWStep{}, sums);
  attend(b, layout, m);
  ordo::cuda::attention_matrix(b.queue(), layout, Dropout::off(), half, half, half, half, m);
  ordo::cuda::attention_matrix_gradient(b.context(), layout, Dropout::off(), half, half, half, half, m, half, half,
                                        half, half);
}
