#pragma once
// The gradient of the weighted loss of a batch with respect to every parameter.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

namespace detail {

/// What flows back through a branch: dx itself, or dx through the branch's dropout.
template <class B>
Matrix<ActivationOf<B>> through_dropout(const B& b, Dropout dropout, RowPlaces places, Matrix<ActivationOf<B>> dx,
                                        Matrix<ActivationOf<B>> scratch) {
  if (!dropout.active()) return dx;
  dropout_gradient(b, dx, dropout, places, scratch);
  return scratch;
}

}  // namespace detail

/// Adds the gradient of scale * sum_i weight_i loss_i to `gradient` (laid out as the network's values), and that sum of
/// weighted losses, unscaled [nats], to *sum. Both lie in the backend's memory, and are there for what the backend is
/// asked next. The batch must have been placed in this workspace, which must be one for backward passes.
template <class B, class Rule>
void accumulate_gradient(const Network<B>& network, const PlacedBatch<Rule>& batch, double scale,
                         DropoutSettings dropout, Workspace<B>& workspace, std::span<ScalarOf<B>> gradient,
                         double* sum) {
  using R = ScalarOf<B>;
  using A = ActivationOf<B>;
  if (batch.predictions() == 0) return;
  require(workspace.pass() != Pass::forward, "network", "this workspace was planned for forward passes only");
  const B& b = network.backend();
  const ModelConfig& config = network.config();
  forward(network, batch, workspace, dropout);

  const typename Network<B>::Views weights = network.views();
  const ParameterViews<R> grads(config, gradient.data(), gradient.data());
  const std::int64_t s = batch.slots();
  const std::int64_t p = batch.predictions();
  const std::int64_t c = config.width;
  const std::size_t layers = weights.layers.size();

  // Output head: only the slots that predict.
  const auto count = static_cast<std::size_t>(p);
  const std::span<R> loss = workspace.loss.first(count);
  Matrix<A> dnorm = workspace.dnorm_asking.slice(0, p);
  cross_entropy_gradient(b, workspace.out_norm.slice(0, p), weights.table.slice(0, config.vocab), batch.target,
                         batch.weight, scale, loss, dnorm, grads.table.slice(0, config.vocab),
                         workspace.logits_of(config, p));
  Matrix<A> dx = workspace.dx_asking.slice(0, p);
  if (p == s) dx = workspace.dx.slice(0, s);
  fill(b, std::span<A>(dx.data, static_cast<std::size_t>(dx.rows * c)), A(0));
  rms_norm_gradient(b, workspace.out.slice(0, p), weights.final_gain, workspace.out_inverse_rms.first(count), dnorm, dx,
                    grads.final_gain);

  BatchKeys keys;
  for (std::size_t l = layers; l-- > 0;) {
    if (workspace.pass() == Pass::recompute && l + 1 < layers) {  // the last layer's are still there
      detail::run_layer(network, weights, batch, workspace, dropout, l, keys, detail::Until::hidden);
    }
    const bool few = detail::asks_few(batch, l, layers);
    const QueryRows<Rule, PlacedList>& asking = detail::asking_rows(batch, l, layers);
    const std::int64_t q = asking.size();
    const RowPlaces places{asking.sample, asking.slot};
    const auto& w = weights.layers[l];
    const auto& g = grads.layers[l];
    const LayerActivations<B> a = detail::cut(workspace.layers[l], s, q);
    dnorm = workspace.dnorm.slice(0, q);

    // Feed-forward branch.
    const Matrix<A> dbranch = workspace.dbranch.slice(0, q);
    Matrix<A> dy = detail::through_dropout(b, dropout.at(l, DropoutSite::feed_forward_branch), places, dx, dbranch);
    const Matrix<A> dhidden = workspace.dhidden.slice(0, q);
    const Matrix<A> dgate_up = workspace.dgate_up.slice(0, q);
    linear_weight_gradient(b, dy, a.hidden, g.down);
    linear_input_gradient(b, dy, w.down, dhidden);
    swiglu_gradient(b, a.gate_up, dhidden, dgate_up);
    linear_weight_gradient(b, dgate_up, a.middle_norm, g.gate_up);
    linear_input_gradient(b, dgate_up, w.gate_up, dnorm);
    rms_norm_gradient(b, a.middle, w.feed_forward_gain, a.middle_inverse_rms, dnorm, dx, g.feed_forward_gain);

    // Attention branch.
    dy = detail::through_dropout(b, dropout.at(l, DropoutSite::attention_branch), places, dx, dbranch);
    const Matrix<A> dattended = workspace.dattended.slice(0, q);
    linear_weight_gradient(b, dy, a.attended, g.out);
    linear_input_gradient(b, dy, w.out, dattended);
    const Matrix<A> dqkv = workspace.dqkv.slice(0, s);
    const Matrix<A> queries = few ? a.q : a.qkv.columns(0, c);
    const Matrix<A> dqueries = few ? workspace.dq.slice(0, q) : dqkv.columns(0, c);
    const AttentionLayout<Rule> layout{config.head_size(), asking.sequences, asking.slot, asking.most_queries,
                                       asking.most_keys,   asking.rules,     true};
    attention_gradient(b, layout, dropout.at(l, DropoutSite::attention), queries, a.qkv.columns(c, c),
                       a.qkv.columns(2 * c, c), a.attended, a.lse, dattended, dqueries, dqkv.columns(c, c),
                       dqkv.columns(2 * c, c));
    const Matrix<A> dk = dqkv.columns(c, c);
    detail::rotate_heads(network, asking, dqueries, {dk, batch.position, dk}, {}, Rotation::backward);

    dnorm = workspace.dnorm.slice(0, s);
    if (few) {  // all slots gave keys and values, only some asked
      linear_weight_gradient(b, dqueries, a.norm_asking, g.qkv.slice(0, c));
      linear_weight_gradient(b, dqkv.columns(c, 2 * c), a.norm, g.qkv.slice(c, 2 * c));
      linear_input_gradient(b, dqkv.columns(c, 2 * c), w.qkv.slice(c, 2 * c), dnorm);
      const Matrix<A> dnorm_asking = workspace.dnorm_asking.slice(0, q);
      linear_input_gradient(b, dqueries, w.qkv.slice(0, c), dnorm_asking);
      scatter_add(b, dnorm_asking, asking.row, dnorm);
      const Matrix<A> whole = workspace.dx.slice(0, s);
      fill(b, std::span<A>(whole.data, static_cast<std::size_t>(s * c)), A(0));
      scatter_add(b, dx, asking.row, whole);
      dx = whole;
    } else {
      linear_weight_gradient(b, dqkv, a.norm, g.qkv);
      linear_input_gradient(b, dqkv, w.qkv, dnorm);
    }
    rms_norm_gradient(b, a.in, w.attention_gain, a.inverse_rms, dnorm, dx, g.attention_gain);
  }
  embed_gradient(b, dx, batch.token, grads.table);
  add_weighted(b, batch.weight, loss, sum);
}

/// The same of a batch that is not placed yet; waits for the sum of weighted losses [nats] and returns it.
template <class B, class Rule>
double accumulate_gradient(const Network<B>& network, const Batch<Rule>& batch, double scale, DropoutSettings dropout,
                           Workspace<B>& workspace, std::span<ScalarOf<B>> gradient) {
  double sum = 0;
  upload(network.backend(), std::span<const double>(&sum, 1), workspace.sum());
  accumulate_gradient(network, place(network, batch, workspace), scale, dropout, workspace, gradient, workspace.sum());
  download(network.backend(), static_cast<const double*>(workspace.sum()), std::span<double>(&sum, 1));
  return sum;
}

}  // namespace ordo
