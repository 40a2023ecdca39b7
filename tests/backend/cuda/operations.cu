// Every operation of the CUDA backend, compiled for a device: what compile.sh measures.

#include <cstdint>
#include <span>

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

static_assert(Backend<Cuda> && Backend<CudaFloat>);

// Policies mean the same to nvcc.
static_assert(Factorization<LeftToRight> && Factorization<Orderings<4>> && Factorization<MaskedDiffusion<>>);
static_assert(Factorization<Mixture<Weighted<LeftToRight, 1>, Weighted<Blockwise<16, MaskedDiffusion<>>, 1>>>);
static_assert(Factorization<AnyFactorization>);

template <class A, class Rule>
void attend(const CudaBackend<A>& b, const AttentionLayout<Rule>& layout, Matrix<A> m, Matrix<float> f) {
  static_assert(HasAttention<CudaBackend<A>, Rule>);
  attention(b, layout, Dropout::off(), m, m, m, m, f);
  attention_gradient(b, layout, Dropout::off(), m, m, m, m, f, m, m, m, m);
}

/// m: activations; f: what is always in float.
template <class A>
void operations(const CudaBackend<A>& b, Matrix<A> m, Matrix<float> f, std::span<float> s,
                std::span<const std::int32_t> rows, RowPlaces places,
                const AttentionLayout<OneOfRules<Causal, Full, Blocks<Full>>>& layout,
                std::span<const DecayRange> decays, const AdamWStep* step, StepSums* sums, std::span<const double> unit,
                std::span<Drawn> drawn, std::span<Judged> judged) {
  embed(b, m, rows, m);
  embed_gradient(b, m, rows, f);
  rms_norm(b, m, s, 1e-5, m, s);
  rms_norm_gradient(b, m, s, s, m, m, s);
  linear(b, m, m, m);
  linear_input_gradient(b, m, m, m);
  linear_weight_gradient(b, m, m, f);
  rotate(b, RotaryTable<float>{}, {{m, rows, m}, {m, {}, m, rows}}, 32, Rotation::forward);
  linear_swiglu(b, m, m, m, m);
  swiglu_gradient(b, m, m, m);
  join_branch(b, m, rows, m, m, Dropout::off(), places, m, m, {s, 1e-5, m, s});
  dropout_gradient(b, m, Dropout::off(), places, m);
  gather(b, m, rows, m);
  scatter_add(b, m, rows, m);
  cross_entropy(b, m, m, rows, s, s);
  cross_entropy_gradient(b, m, m, rows, s, 1.0, s, m, f, s);
  logits(b, m, m, f);
  draw(b, f, unit, DrawOptions{}, drawn);
  judge(b, f, rows, true, judged);
  fill(b, s, 0.0F);
  copy_values(b, s, s);
  blend(b, s, s, 0.5);
  squared_norm(b, s, &sums->squared_norm);
  add_weighted(b, s, s, &sums->loss);
  adamw(b, s, s, s, s, decays, step, sums);
  attend(b, layout, m, f);
}

}  // namespace

// What a program calls; it is compiled and never run.
void every_operation(const CudaFloat& in_float, const Cuda& in_bf16, Matrix<float> f, Matrix<bf16> m,
                     std::span<float> s, std::span<bf16> rounded, std::span<const std::int32_t> rows, RowPlaces places,
                     const AttentionLayout<OneOfRules<Causal, Full, Blocks<Full>>>& layout,
                     std::span<const DecayRange> decays, const AdamWStep* step, StepSums* sums,
                     std::span<const double> unit, std::span<Drawn> drawn, std::span<Judged> judged) {
  operations(in_float, f, f, s, rows, places, layout, decays, step, sums, unit, drawn, judged);
  operations(in_bf16, m, f, s, rows, places, layout, decays, step, sums, unit, drawn, judged);
  round_values(in_bf16, s, rounded);
}
