#pragma once
// What the transformer asks of a machine. A backend is a value (say ordo::Cpu{2}); its operations are free
// functions in namespace ordo whose first argument is the backend, one header each, under the same file name in
// backend/reference, backend/cpu and backend/cuda. Matrices are row-major views. R is the backend's scalar: what
// parameters, their gradients, statistics (inverse_rms, lse), losses and logits are in, and so dtable, dw, dgain and
// the rotary table. Activations are in A (the same, or narrower), and so are the weights that they are multiplied by:
// table and w.
//
// operation                                                                     file           writes
//   embed(b, table, rows, y)                      y[s] = table[rows[s]]         embedding      y
//   embed_gradient(b, dy, rows, dtable)           dtable[rows[s]] += dy[s]                     dtable +=
//   rms_norm(b, x, gain, epsilon, y, inverse_rms)                               rms_norm       y, inverse_rms
//   rms_norm_gradient(b, x, gain, inverse_rms, dy, dx, dgain)                                  dx +=, dgain +=
//   linear(b, x, w, y)                            y = x w^T, w is (out, in)     linear         y
//   linear_input_gradient(b, dy, w, dx)           dx = dy w                                    dx
//   linear_weight_gradient(b, dy, x, dw)          dw += dy^T x                                 dw +=
//   rotate(b, table, turns, head_size, direction) each head of each turn's rows rotary         the turns' to
//   attention(b, layout, dropout, q, k, v, out, lse)                            attention      out, lse (Q, H)
//   attention_gradient(b, layout, dropout, q, k, v, out, lse, dout, dq, dk, dv)                dq, dk, dv
//   swiglu(b, gate_up, h)                         h = silu(gate) * up           swiglu         h
//   linear_swiglu(b, x, w, gate_up, h)            h of gate_up = x w^T                       gate_up, h
//   swiglu_gradient(b, gate_up, dh, dgate_up)                                                  dgate_up
//   join_branch(b, x, rows, h, w, dropout, places, room, y, norm)               residual       y, room, norm's
//     y[i] = x[rows[i]] + dropped (h w^T)[i], and y's norm
//   dropout_gradient(b, dx, dropout, places, dy)  dy = dropped dx                              dy
//   gather(b, x, rows, y)                         y[i] = x[rows[i]]             rows           y
//   scatter_add(b, y, rows, x)                    x[rows[i]] += y[i]; rows differ              x +=
//   logits(b, x, table, y)                        y = x table^T                 cross_entropy  y
//   cross_entropy(b, x, table, target, loss, scratch)                                          loss
//   cross_entropy_gradient(b, x, table, target, weight, scale, loss, dx, dtable, scratch)      loss, dx, dtable +=
//   draw(b, logits, unit, how, drawn)             a token from each row of logits draw         drawn
//   judge(b, logits, token, with_certainty, judged)  what each row says of a token      judged
//   fill(b, values, value)                                                      vector         values
//   copy_values(b, values, to)                                                                 to
//   round_values(b, values, to)                   where A is not R: to = values, in A          to
//   squared_norm(b, values, sum)                  *sum = sum_i values[i]^2                     *sum
//   add_weighted(b, weight, values, sum)          *sum += sum_i weight[i] * values[i]          *sum
//   blend(b, average, values, decay)              average = decay * average + (1 - decay) * values
//   adamw(b, p, gradient, m, v, decays, step, sums)                             adamw          p, m, v
//
// Memory: `b` gives buffers, and all that an operation reads and writes lies in them (rows, targets and sums too) or,
// where B::on_host, anywhere in the host's memory.
//   allocate<T>(b, size) -> Buffer<T>, zeros; upload(b, from, to) and download(b, from, to) copy between the host and a
//   buffer. Operations and uploads may be queued, and their results are there for whatever is asked of `b` later;
//   download waits for them. (See core/host_memory.hpp for backends in the host's memory.)
//
// Shapes: x, y (S, C); q, out, dout, dq (Q, H D); k, v, dk, dv (S, H D); gate_up (S, 2 F): the gate's F columns,
// then the up's; h (S, F); gain (C). join_branch: x (S, C), rows (Q), or none for all in order, h (Q, in), w (C, in),
// room, y and the norm's (Q, C); y, room and the norm's y lie apart from one another and from x and h, and what room
// holds afterwards is open. cross_entropy: x (P, C), table (V, C), target, weight, loss (P); loss is in nats and
// unweighted; the gradient is that of scale * sum_i weight[i] * loss[i]; the scratch is cut into chunks of whole rows
// of V logits. draw: logits (P, V), unit, drawn (P); what is drawn says draw_token (core/draw.hpp). judge: token,
// judged (P); see judge_token there. attention: scores are q . k / sqrt(D); lse[r, h] is the log of the sum of
// exponentials over the visible keys; dropout acts on the probabilities. A sequence's rule is asked with slots (see
// AttentionLayout); key rows that nobody sees get zero gradients. dx of dy w and dq, dk, dv are overwritten.
//
// A buffer has a default constructor, moves, and gives data(), size() and span(); it may be destroyed while what was
// queued still uses it. Errors of queued work are thrown by whatever is asked of `b` later. Copies of a backend are the
// same backend; whether several threads may use one at once is the backend's to say (those on the host allow it).
//
// Results never depend on anything but the arguments, the number of threads, and on a GPU its kind and the library of
// its products.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <ordo/core/adamw.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/next_norm.hpp>
#include <ordo/core/rotary.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

template <class B>
using ScalarOf = typename B::Scalar;
template <class B>
using ActivationOf = typename B::Activation;

/// Owns memory: `typename B::template Buffer<T>` holds numbers where the backend computes.
template <class B>
concept HasMemory = requires(const B& b, std::span<const ScalarOf<B>> from, ScalarOf<B>* there,
                             std::span<ScalarOf<B>> to) {
  { B::on_host } -> std::convertible_to<bool>;
  { allocate<ScalarOf<B>>(b, std::size_t{1}) } -> std::same_as<typename B::template Buffer<ScalarOf<B>>>;
  upload(b, from, there);
  download(b, there, to);
};

/// Parameters, and what the narrower numbers of activations are made of.
template <class B>
concept HasActivations = requires {
  typename B::Activation;
}
&&(std::same_as<ActivationOf<B>, ScalarOf<B>> ||
   requires(const B& b, std::span<const ScalarOf<B>> values, std::span<ActivationOf<B>> to) {
     round_values(b, values, to);
   });

template <class B>
concept HasEmbedding = requires(const B& b, Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out,
                                Matrix<ScalarOf<B>> gradient, std::span<const std::int32_t> rows) {
  embed(b, in, rows, out);
  embed_gradient(b, in, rows, gradient);
};

template <class B>
concept HasRmsNorm = requires(const B& b, Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out,
                              std::span<const ScalarOf<B>> gain, std::span<ScalarOf<B>> vector) {
  rms_norm(b, in, gain, 1e-5, out, vector);
  rms_norm_gradient(b, in, gain, gain, in, out, vector);
};

template <class B>
concept HasLinear = requires(const B& b, Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out,
                             Matrix<ScalarOf<B>> gradient) {
  linear(b, in, in, out);
  linear_input_gradient(b, in, in, out);
  linear_weight_gradient(b, in, in, gradient);
};

template <class B>
concept HasRotary = requires(const B& b, const RotaryTable<ScalarOf<B>>& table, std::span<const std::int32_t> list,
                             Matrix<ActivationOf<B>> x) {
  rotate(b, table, {{x, list, x}, {x, list, x, list}}, 32, Rotation::forward);
};

template <class B>
concept HasSwiglu = requires(const B& b, Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out) {
  swiglu(b, in, out);
  linear_swiglu(b, in, in, out, out);
  swiglu_gradient(b, in, in, out);
};

template <class B>
concept HasResidual = requires(const B& b, Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out,
                               std::span<const std::int32_t> rows, Dropout dropout, RowPlaces places,
                               const NextNorm<ActivationOf<B>, ScalarOf<B>>& norm) {
  join_branch(b, in, rows, in, in, dropout, places, out, out, norm);
  dropout_gradient(b, in, dropout, places, out);
};

template <class B>
concept HasRows = requires(const B& b, Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out,
                           std::span<const std::int32_t> rows) {
  gather(b, in, rows, out);
  scatter_add(b, in, rows, out);
};

template <class B>
concept HasCrossEntropy = requires(const B& b, Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out,
                                   Matrix<ScalarOf<B>> wide, std::span<const Token> target,
                                   std::span<const float> weight, std::span<ScalarOf<B>> vector) {
  logits(b, in, in, wide);
  cross_entropy(b, in, in, target, vector, vector);
  cross_entropy_gradient(b, in, in, target, weight, 1.0, vector, out, wide, vector);
};

template <class B>
concept HasDraw = requires(const B& b, Matrix<const ScalarOf<B>> in, std::span<const double> unit, DrawOptions how,
                           std::span<Drawn> drawn) {
  draw(b, in, unit, how, drawn);
};

template <class B>
concept HasJudge = requires(const B& b, Matrix<const ScalarOf<B>> in, std::span<const Token> token,
                            std::span<Judged> judged) {
  judge(b, in, token, true, judged);
};

template <class B>
concept HasOptimizer = requires(const B& b, std::span<ScalarOf<B>> out, std::span<const ScalarOf<B>> in,
                                std::span<ActivationOf<B>> activations, std::span<const float> weight, double* sum,
                                std::span<const DecayRange> decays, const AdamWStep* step, const StepSums* sums) {
  fill(b, out, ScalarOf<B>(0));
  fill(b, activations, ActivationOf<B>(0));
  copy_values(b, in, out);
  squared_norm(b, in, sum);
  add_weighted(b, weight, in, sum);
  blend(b, out, in, 0.999);
  adamw(b, out, in, out, out, decays, step, sums);
};

/// Attention is a template over the rule, so it is checked for one rule at a time.
template <class B, class Rule>
concept HasAttention = requires(const B& b, const AttentionLayout<Rule>& layout, Dropout dropout,
                                Matrix<const ActivationOf<B>> in, Matrix<ActivationOf<B>> out,
                                Matrix<ScalarOf<B>> lse) {
  attention(b, layout, dropout, in, in, in, out, lse);
  attention_gradient(b, layout, dropout, in, in, in, in, lse, in, out, out, out);
};

/// Everything that the transformer needs, attention aside.
template <class B>
concept Backend = HasMemory<B> && HasActivations<B> && HasEmbedding<B> && HasRmsNorm<B> && HasLinear<B> &&
    HasRotary<B> && HasSwiglu<B> && HasResidual<B> && HasRows<B> && HasCrossEntropy<B> && HasDraw<B> && HasJudge<B> &&
    HasOptimizer<B> && requires(const B& b) {
  { b.name() } -> std::convertible_to<std::string>;
  { b.threads() } -> std::convertible_to<int>;
};

}  // namespace ordo
