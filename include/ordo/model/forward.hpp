#pragma once
// The transformer's forward pass: embeds slots, attends by the rule, predicts at the slots that have a target.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/next_norm.hpp>
#include <ordo/core/rotary.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/placed_batch.hpp>

namespace ordo {

/// Dropout of one training step; rate 0 is off.
struct DropoutSettings {
  double rate = 0;
  std::uint64_t seed = 0;

  [[nodiscard]] Dropout at(std::size_t layer, DropoutSite site) const {
    return rate > 0 ? Dropout::at(rate, seed, static_cast<int>(layer), site) : Dropout::off();
  }
};

/// What a layer's queries attend to: keys and values, the batch's own among them, and where each sequence's lie.
template <class A, class Rule>
struct KeysAndValues {
  Matrix<A> k;
  Matrix<A> v;
  std::span<const std::int32_t> rows;  ///< (S) where the batch's own go; none: they are all, in order
  std::span<const AttentionSequence<Rule>> sequences;
  std::int32_t most_keys = 0;  ///< of one sequence
};

/// Attention within the batch: the keys and values are those that its own slots give.
struct BatchKeys {
  template <class B, class Rule>
  void place(const B&, const Batch<Rule>&) {}
  template <class A, class Rule>
  KeysAndValues<A, Rule> at(std::size_t, const QueryRows<Rule, PlacedList>& asking, bool, Matrix<A> k, Matrix<A> v) {
    return {k, v, {}, asking.sequences, asking.most_keys};
  }
};

namespace detail {

/// Rotates the queries where they are, the first half of the heads by where the slot stands and the others by where its
/// target does, and keys and values as their turns say.
template <class B, class Rule>
void rotate_heads(const Network<B>& network, const QueryRows<Rule, PlacedList>& asking, Matrix<ActivationOf<B>> q,
                  const Turn<ActivationOf<B>>& k, const Turn<ActivationOf<B>>& v, Rotation direction) {
  const int head_size = network.config().head_size();
  const std::int64_t half = static_cast<std::int64_t>(network.config().heads / 2) * head_size;
  const Matrix<ActivationOf<B>> plain = q.columns(0, half);
  const Matrix<ActivationOf<B>> told = q.columns(half, q.cols - half);
  rotate(network.backend(), network.rotary(),
         {{plain, asking.position, plain}, {told, asking.told_position, told}, k, v}, head_size, direction);
}

/// The layer's matrices cut to the batch: S slots, Q of them asking.
template <class B>
LayerActivations<B> cut(const LayerActivations<B>& a, std::int64_t slots, std::int64_t asking) {
  const auto s = static_cast<std::size_t>(slots);
  const auto q = static_cast<std::size_t>(asking);
  LayerActivations<B> c = a;
  for (auto* m : {&c.in, &c.norm, &c.qkv}) m->rows = slots;
  for (auto* m : {&c.attended, &c.middle, &c.middle_norm, &c.gate_up, &c.hidden, &c.norm_asking, &c.q}) {
    m->rows = asking;
  }
  c.lse.rows = asking;
  c.inverse_rms = a.inverse_rms.first(s);
  c.middle_inverse_rms = a.middle_inverse_rms.first(q);
  return c;
}

/// True where layer l only has to answer the slots that predict: the last, unless all do.
template <class Rule>
bool asks_few(const PlacedBatch<Rule>& batch, std::size_t layer, std::size_t layers) {
  return layer + 1 == layers && batch.predictions() < batch.slots();
}

template <class Rule>
const QueryRows<Rule, PlacedList>& asking_rows(const PlacedBatch<Rule>& batch, std::size_t layer, std::size_t layers) {
  return asks_few(batch, layer, layers) ? batch.predicting : batch.every;
}

/// How far a layer is run: to its exit, or to what the backward pass needs of it.
enum class Until : std::uint8_t { exit, hidden };

/// The norm of the first rows of the residual stream at layer l's entry, or after the last layer.
template <class B>
NextNorm<ActivationOf<B>, ScalarOf<B>> entry_norm(const Network<B>& network, const typename Network<B>::Views& weights,
                                                  const Workspace<B>& to, std::size_t l, std::int64_t rows) {
  const double epsilon = network.config().epsilon;
  const auto count = static_cast<std::size_t>(rows);
  if (l == weights.layers.size()) {
    return {weights.final_gain, epsilon, to.out_norm.slice(0, rows), to.out_inverse_rms.first(count)};
  }
  return {weights.layers[l].attention_gain, epsilon, to.layers[l].norm.slice(0, rows),
          to.layers[l].inverse_rms.first(count)};
}

/// Layer l, from where its entry lies in the workspace: x + out(attention(norm(x))), then x +
/// down(swiglu(gate_up(norm(x)))), with the norm that reads its exit.
template <class B, class Rule, class Keys>
void run_layer(const Network<B>& network, const typename Network<B>::Views& weights, const PlacedBatch<Rule>& batch,
               Workspace<B>& workspace, DropoutSettings dropout, std::size_t l, Keys& keys, Until until) {
  using A = ActivationOf<B>;
  const B& b = network.backend();
  const ModelConfig& config = network.config();
  const std::int64_t c = config.width;
  const std::size_t layers = weights.layers.size();
  const bool few = asks_few(batch, l, layers);
  const QueryRows<Rule, PlacedList>& asking = asking_rows(batch, l, layers);
  const std::int64_t q = asking.size();
  const auto& w = weights.layers[l];
  LayerActivations<B> a = cut(workspace.layers[l], batch.slots(), q);
  if (l == 0 || until == Until::hidden) {  // else it was normed as it was written
    rms_norm(b, a.in, w.attention_gain, config.epsilon, a.norm, a.inverse_rms);
  }
  Matrix<A> queries = a.qkv.columns(0, c);
  if (few) {
    queries = a.q;
    linear(b, a.norm, w.qkv.slice(c, 2 * c), a.qkv.columns(c, 2 * c));
    gather(b, a.norm, asking.row, a.norm_asking);
    linear(b, a.norm_asking, w.qkv.slice(0, c), queries);
  } else {
    linear(b, a.norm, w.qkv, a.qkv);
  }
  const Matrix<A> k = a.qkv.columns(c, c);
  const Matrix<A> v = a.qkv.columns(2 * c, c);
  const KeysAndValues<A, Rule> seen = keys.at(l, asking, few, k, v);
  rotate_heads(network, asking, queries, {k, batch.position, seen.k, seen.rows}, {v, {}, seen.v, seen.rows},
               Rotation::forward);
  const AttentionLayout<Rule> layout{config.head_size(),  seen.sequences, asking.slot,
                                     asking.most_queries, seen.most_keys, asking.rules};
  attention(b, layout, dropout.at(l, DropoutSite::attention), queries, seen.k, seen.v, a.attended, a.lse);
  const RowPlaces places{asking.sample, asking.slot};
  const Matrix<A> branch = workspace.branch.slice(0, q);
  const auto rows = few ? asking.row : std::span<const std::int32_t>();  // none: all, in order
  join_branch(b, a.in, rows, a.attended, w.out, dropout.at(l, DropoutSite::attention_branch), places, branch, a.middle,
              {w.feed_forward_gain, config.epsilon, a.middle_norm, a.middle_inverse_rms});
  linear_swiglu(b, a.middle_norm, w.gate_up, a.gate_up, a.hidden);
  if (until == Until::hidden) return;
  const Matrix<A> exit = (l + 1 < layers ? workspace.layers[l + 1].in : workspace.out).slice(0, q);
  join_branch(b, a.middle, {}, a.hidden, w.down, dropout.at(l, DropoutSite::feed_forward_branch), places, branch, exit,
              entry_norm(network, weights, workspace, l + 1, q));
}

}  // namespace detail

/// Runs the layers over a packed batch. Afterwards `workspace.out_norm` (P, C) holds what the output head reads.
/// The batch must have been placed in this workspace, and have at least one predicting slot. `keys` supplies what each
/// layer attends to: the batch's own slots (BatchKeys), or a cache with those of earlier steps too (Cache).
template <class B, class Rule, class Keys = BatchKeys>
void forward(const Network<B>& network, const PlacedBatch<Rule>& batch, Workspace<B>& workspace,
             DropoutSettings dropout, Keys&& keys = {}) {
  static_assert(HasAttention<B, Rule>, "[ordo] the backend has no attention for this rule");
  const typename Network<B>::Views weights = network.views();
  embed(network.backend(), weights.table, batch.token, workspace.layers[0].in.slice(0, batch.slots()));
  for (std::size_t l = 0; l < weights.layers.size(); ++l) {
    detail::run_layer(network, weights, batch, workspace, dropout, l, keys, detail::Until::exit);
  }
}

/// Places a batch in a workspace that holds it: views of it where the backend reads it, good until the workspace's next
/// use. The batch must stay as it is until then.
template <class B, class Rule>
[[nodiscard]] PlacedBatch<Rule> place(const Network<B>& network, const Batch<Rule>& batch, Workspace<B>& workspace) {
  require(workspace.holds({batch.slots(), batch.predictions()}), "network", "the batch has ", batch.slots(),
          " slots, more than its workspace was planned for");
  return place(network.backend(), batch, workspace.placer);
}

/// Places the batch, runs the layers over it, and returns it as it was placed.
template <class B, class Rule, class Keys = BatchKeys>
PlacedBatch<Rule> forward(const Network<B>& network, const Batch<Rule>& batch, Workspace<B>& workspace,
                          DropoutSettings dropout, Keys&& keys = {}) {
  const PlacedBatch<Rule> placed = place(network, batch, workspace);
  keys.place(network.backend(), batch);
  forward(network, placed, workspace, dropout, keys);
  return placed;
}

/// The cross-entropy of each predicting slot [nats], unweighted, in the order of batch.target(), for the host to read.
/// Lives in the workspace until its next use.
template <class B, class Rule>
std::span<const ScalarOf<B>> losses(const Network<B>& network, const Batch<Rule>& batch, Workspace<B>& workspace) {
  const auto p = static_cast<std::size_t>(batch.predictions());
  const auto loss = workspace.loss.first(p);
  if (p == 0) return {};
  const PlacedBatch<Rule> placed = forward(network, batch, workspace, {});
  const ModelConfig& config = network.config();
  cross_entropy(network.backend(), workspace.out_norm.slice(0, batch.predictions()),
                network.views().table.slice(0, config.vocab),  // never the mask, never the start
                placed.target, loss, workspace.logits_of(config, batch.predictions()));
  return workspace.host_losses.of(network.backend(), loss);
}

}  // namespace ordo
