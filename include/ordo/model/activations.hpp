#pragma once
// Where the network keeps its intermediate results: planned once for a capacity, then reused for every batch.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/logit_room.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/placed_batch.hpp>

namespace ordo {

/// The largest batch that a workspace can hold.
struct Capacity {
  std::int64_t slots = 0;        ///< S
  std::int64_t predictions = 0;  ///< P
  bool few = true;  ///< in some batch fewer slots predict than there are: the last layer then asks for those

  friend bool operator==(const Capacity&, const Capacity&) = default;
};

/// What activations are kept for: nothing, the backward pass, or that with every layer's worked out again from its
/// entry (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174): the memory of one
/// layer, and a third more arithmetic. The numbers are the same.
enum class Pass : std::uint8_t { forward, backward, recompute };

/// The matrices of one layer. Q is S, or P in the last layer when fewer slots predict than there are.
template <class B>
struct LayerActivations {
  using R = ScalarOf<B>;
  using A = ActivationOf<B>;

  Matrix<A> in;                     // (S, C) residual stream at the layer's entry
  Matrix<A> norm;                   // (S, C)
  Matrix<A> norm_asking;            // (Q, C) rows of norm that ask, when not all do
  Matrix<A> qkv;                    // (S, 3 C) after rotation
  Matrix<A> q;                      // (Q, C) queries, when not all slots ask
  Matrix<A> attended;               // (Q, C)
  Matrix<R> lse;                    // (Q, H)
  Matrix<A> middle;                 // (Q, C) residual stream after attention
  Matrix<A> middle_norm;            // (Q, C)
  Matrix<A> gate_up;                // (Q, 2 F)
  Matrix<A> hidden;                 // (Q, F)
  std::span<R> inverse_rms;         // (S)
  std::span<R> middle_inverse_rms;  // (Q)
};

/// Scratch memory for forward and, if asked for, backward passes of one network shape.
template <Backend B>
class Workspace {
 public:
  using R = ScalarOf<B>;
  using A = ActivationOf<B>;

  Workspace(const Network<B>& network, Capacity capacity, Pass pass) : capacity_(capacity), pass_(pass) {
    const ModelConfig& config = network.config();
    memory_ = allocate<std::byte>(network.backend(), static_cast<std::size_t>(lay_out(config, nullptr)));
    lay_out(config, memory_.data());
    sum_ = allocate<double>(network.backend(), 1);
  }

  /// What a workspace takes [bytes]; nothing is allocated.
  [[nodiscard]] static std::int64_t planned_bytes(const ModelConfig& config, Capacity capacity, Pass pass) {
    Workspace plan(capacity, pass);
    return plan.lay_out(config, nullptr);
  }
  [[nodiscard]] bool holds(Capacity wanted) const {
    return wanted.slots <= capacity_.slots && wanted.predictions <= capacity_.predictions &&
           (capacity_.few || wanted.predictions == wanted.slots);
  }
  [[nodiscard]] Pass pass() const { return pass_; }
  /// A number in the backend's memory, for whoever uses the workspace.
  [[nodiscard]] double* sum() { return sum_.data(); }

  std::vector<LayerActivations<B>> layers;  // forward and recompute: all layers share the same memory but for `in`
  Matrix<A> out;                            // (P, C) residual stream after the last layer
  Matrix<A> out_norm;                       // (P, C)
  std::span<R> out_inverse_rms;             // (P)
  Matrix<A> branch;                         // (S, C) what a branch adds to the residual stream
  std::span<R> loss;                        // (P)
  // backward
  Matrix<A> dx;            // (S, C)
  Matrix<A> dx_asking;     // (P, C)
  Matrix<A> dnorm;         // (S, C)
  Matrix<A> dnorm_asking;  // (P, C)
  Matrix<A> dbranch;       // (S, C)
  Matrix<A> dattended;     // (S, C)
  Matrix<A> dqkv;          // (S, 3 C)
  Matrix<A> dq;            // (P, C)
  Matrix<A> dgate_up;      // (S, 2 F)
  Matrix<A> dhidden;       // (S, F)

  Placer<B> placer;         ///< of the batch in hand
  HostCopy<R> host_losses;  ///< where the host reads them

  /// Numbers for logits, and their gradients where those are of another type: for enough rows at a time that the
  /// product runs well, and on the host few enough to stay in cache.
  [[nodiscard]] static std::int64_t logit_numbers(const ModelConfig& config, std::int64_t predictions) {
    // On a device a large pass has at most six chunks, as each reads and writes the whole gradient of the table, each
    // of whole tiles of 128 rows.
    const std::int64_t rows =
        B::on_host ? std::max<std::int64_t>(256, 131072 / config.vocab)
                   : std::max({std::int64_t{4096}, (std::int64_t{1} << 26) / config.vocab, predictions / 6 + 128});
    return std::min(predictions, rows) * (B::on_host ? config.vocab : logit_room<R, A>(config.vocab));
  }

  /// Room for the logits of so many predictions, in chunks that follow from their number alone and not from how much
  /// the workspace holds: sums over chunks do, too.
  [[nodiscard]] std::span<R> logits_of(const ModelConfig& config, std::int64_t predictions) const {
    return logits_.first(static_cast<std::size_t>(logit_numbers(config, predictions)));
  }

 private:
  Workspace(Capacity capacity, Pass pass) : capacity_(capacity), pass_(pass) {}

  /// Hands out the memory (or only counts it) and returns how much it takes [bytes].
  std::int64_t lay_out(const ModelConfig& config, std::byte* memory) {
    std::int64_t used = 0;
    const auto take = [&]<class T>(Matrix<T>& view, std::int64_t rows, std::int64_t cols) {
      constexpr std::int64_t line = 64;  // every matrix starts on a cache line
      view = {memory == nullptr ? nullptr : reinterpret_cast<T*>(memory + used), rows, cols};
      used += (rows * cols * static_cast<std::int64_t>(sizeof(T)) + line - 1) / line * line;
    };
    const auto vector = [&](std::int64_t size) {
      Matrix<R> view;
      take(view, 1, size);
      return memory == nullptr ? std::span<R>() : std::span<R>(view.data, static_cast<std::size_t>(size));
    };
    const std::int64_t s = capacity_.slots;
    const std::int64_t p = capacity_.predictions;
    const std::int64_t asking = capacity_.few ? p : 0;
    const std::int64_t c = config.width;
    const std::int64_t f = config.feed_forward();
    layers.assign(static_cast<std::size_t>(config.layers), {});
    for (std::size_t l = 0; l < layers.size(); ++l) {
      LayerActivations<B>& layer = layers[l];
      if (pass_ == Pass::forward && l > 0) {  // two residual streams take turns, the rest is shared
        layer = layers[0];
        if (l == 1) take(layer.in, s, c);
        if (l > 1) layer.in = layers[l - 2].in;
        continue;
      }
      if (pass_ == Pass::recompute && l > 0) {
        layer = layers[0];
        take(layer.in, s, c);
        continue;
      }
      take(layer.in, s, c);
      take(layer.norm, s, c);
      take(layer.qkv, s, 3 * c);
      take(layer.attended, s, c);
      take(layer.lse, s, config.heads);
      take(layer.middle, s, c);
      take(layer.middle_norm, s, c);
      take(layer.gate_up, s, 2 * f);
      take(layer.hidden, s, f);
      layer.inverse_rms = vector(s);
      layer.middle_inverse_rms = vector(s);
    }
    take(layers.back().norm_asking, asking, c);
    take(layers.back().q, asking, c);
    take(out, s, c);
    take(out_norm, p, c);
    out_inverse_rms = vector(p);
    take(branch, s, c);
    loss = vector(p);
    logits_ = vector(logit_numbers(config, p));
    if (pass_ == Pass::forward) return used;
    take(dx, s, c);
    take(dx_asking, asking, c);
    take(dnorm, s, c);
    take(dnorm_asking, p, c);
    take(dbranch, s, c);
    take(dattended, s, c);
    take(dqkv, s, 3 * c);
    take(dq, asking, c);
    take(dgate_up, s, 2 * f);
    take(dhidden, s, f);
    return used;
  }

  Capacity capacity_;
  Pass pass_;
  std::span<R> logits_;
  typename B::template Buffer<std::byte> memory_;
  typename B::template Buffer<double> sum_;
};

}  // namespace ordo
