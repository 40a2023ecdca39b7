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

/// Whether activations are kept for the backward pass.
enum class Pass : std::uint8_t { forward, backward };

/// The matrices of one layer. Q is S, or P in the last layer when fewer slots predict than there are.
template <class R>
struct LayerActivations {
  Matrix<R> in;                     // (S, C) residual stream at the layer's entry
  Matrix<R> norm;                   // (S, C)
  Matrix<R> norm_asking;            // (Q, C) rows of norm that ask, when not all do
  Matrix<R> qkv;                    // (S, 3 C) after rotation
  Matrix<R> q;                      // (Q, C) queries, when not all slots ask
  Matrix<R> attended;               // (Q, C)
  Matrix<R> lse;                    // (Q, H)
  Matrix<R> middle;                 // (Q, C) residual stream after attention
  Matrix<R> middle_norm;            // (Q, C)
  Matrix<R> gate_up;                // (Q, 2 F)
  Matrix<R> hidden;                 // (Q, F)
  std::span<R> inverse_rms;         // (S)
  std::span<R> middle_inverse_rms;  // (Q)
};

/// Scratch memory for forward and, if asked for, backward passes of one network shape.
template <Backend B>
class Workspace {
 public:
  using R = typename B::Scalar;

  Workspace(const Network<B>& network, Capacity capacity, Pass pass) : capacity_(capacity), pass_(pass) {
    const ModelConfig& config = network.config();
    memory_ = allocate<R>(network.backend(), static_cast<std::size_t>(lay_out(config, nullptr)));
    lay_out(config, memory_.data());
    sum_ = allocate<double>(network.backend(), 1);
  }

  /// How many numbers a workspace takes; nothing is allocated.
  [[nodiscard]] static std::int64_t planned_numbers(const ModelConfig& config, Capacity capacity, Pass pass) {
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

  std::vector<LayerActivations<R>> layers;  // forward passes: all layers share the same memory but for `in`
  Matrix<R> out;                            // (P, C) residual stream after the last layer
  Matrix<R> out_norm;                       // (P, C)
  std::span<R> out_inverse_rms;             // (P)
  Matrix<R> branch;                         // (S, C) what a branch adds to the residual stream
  std::span<R> loss;                        // (P)
  std::span<R> logits;                      // chunks of rows of V
  // backward
  Matrix<R> dx;            // (S, C)
  Matrix<R> dx_asking;     // (P, C)
  Matrix<R> dnorm;         // (S, C)
  Matrix<R> dnorm_asking;  // (P, C)
  Matrix<R> dbranch;       // (S, C)
  Matrix<R> dattended;     // (S, C)
  Matrix<R> dqkv;          // (S, 3 C)
  Matrix<R> dq;            // (P, C)
  Matrix<R> dgate_up;      // (S, 2 F)
  Matrix<R> dhidden;       // (S, F)

  Placer<B> placer;         ///< of the batch in hand
  HostCopy<R> host_losses;  ///< where the host reads them

 private:
  Workspace(Capacity capacity, Pass pass) : capacity_(capacity), pass_(pass) {}

  /// Rows of logits that are held at a time: enough for the product to run well, little enough to stay in cache.
  [[nodiscard]] static std::int64_t logit_rows(const ModelConfig& config, std::int64_t predictions) {
    return std::min(predictions, std::max<std::int64_t>(256, 131072 / config.vocab));
  }

  /// Hands out the memory (or only counts it) and returns how much it takes.
  std::int64_t lay_out(const ModelConfig& config, R* memory) {
    std::int64_t used = 0;
    const auto matrix = [&](std::int64_t rows, std::int64_t cols) {
      constexpr std::int64_t line = 64 / sizeof(R) > 0 ? 64 / sizeof(R) : 1;  // start on a cache line
      Matrix<R> view(memory == nullptr ? nullptr : memory + used, rows, cols);
      used += (rows * cols + line - 1) / line * line;
      return view;
    };
    const auto vector = [&](std::int64_t size) {
      const Matrix<R> view = matrix(1, size);
      return memory == nullptr ? std::span<R>() : std::span<R>(view.data, static_cast<std::size_t>(size));
    };
    const std::int64_t s = capacity_.slots;
    const std::int64_t p = capacity_.predictions;
    const std::int64_t asking = capacity_.few ? p : 0;
    const std::int64_t c = config.width;
    const std::int64_t f = config.feed_forward();
    layers.assign(static_cast<std::size_t>(config.layers), {});
    for (std::size_t l = 0; l < layers.size(); ++l) {
      LayerActivations<R>& layer = layers[l];
      if (pass_ == Pass::forward && l > 0) {  // two residual streams take turns, the rest is shared
        layer = layers[0];
        if (l == 1) layer.in = matrix(s, c);
        if (l > 1) layer.in = layers[l - 2].in;
        continue;
      }
      layer.in = matrix(s, c);
      layer.norm = matrix(s, c);
      layer.qkv = matrix(s, 3 * c);
      layer.attended = matrix(s, c);
      layer.lse = matrix(s, config.heads);
      layer.middle = matrix(s, c);
      layer.middle_norm = matrix(s, c);
      layer.gate_up = matrix(s, 2 * f);
      layer.hidden = matrix(s, f);
      layer.inverse_rms = vector(s);
      layer.middle_inverse_rms = vector(s);
    }
    layers.back().norm_asking = matrix(asking, c);
    layers.back().q = matrix(asking, c);
    out = matrix(s, c);
    out_norm = matrix(p, c);
    out_inverse_rms = vector(p);
    branch = matrix(s, c);
    loss = vector(p);
    logits = vector(logit_rows(config, p) * config.vocab);
    if (pass_ == Pass::forward) return used;
    dx = matrix(s, c);
    dx_asking = matrix(asking, c);
    dnorm = matrix(s, c);
    dnorm_asking = matrix(p, c);
    dbranch = matrix(s, c);
    dattended = matrix(s, c);
    dqkv = matrix(s, 3 * c);
    dq = matrix(asking, c);
    dgate_up = matrix(s, 2 * f);
    dhidden = matrix(s, f);
    return used;
  }

  Capacity capacity_;
  Pass pass_;
  typename B::template Buffer<R> memory_;
  typename B::template Buffer<double> sum_;
};

}  // namespace ordo
