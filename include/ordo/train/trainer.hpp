#pragma once
// One optimiser step: draw plans, accumulate the gradient over passes, clip, AdamW.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/adamw.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/error.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/backward.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/network.hpp>
#include <ordo/train/epoch_shuffle.hpp>
#include <ordo/train/learning_rate.hpp>
#include <ordo/train/options.hpp>

namespace ordo {

/// Slots in one pass when the user does not say: as many as keep a layer's activations in a few MiB of cache, but
/// enough rows for the matrix products.
[[nodiscard]] inline std::int64_t default_micro_slots(const ModelConfig& config) {
  const std::int64_t numbers = 8LL * config.width + 3LL * config.feed_forward();  // of one slot in one layer
  return std::max<std::int64_t>(1024, (std::int64_t{8} << 20) / numbers);
}

/// Owns what training adds to a network: gradient, moments, averaged weights, the position in the stream of
/// samples. Its state after k steps is a function of (network at the start, data, options, k).
template <Factorization F, Backend B>
class Trainer {
 public:
  using R = typename B::Scalar;
  using Numbers = typename B::template Buffer<R>;

  Trainer(Network<B>& network, F factorization, Windows data, const TrainOptions& options)
      : network_(network),
        factorization_(std::move(factorization)),
        data_(options.unique_tokens > 0 ? data.first_tokens(options.unique_tokens) : std::move(data)),
        options_(options),
        shuffle_(options.seed, data_.size()),
        gradient_(network.values().size()),
        m_(network.values().size()),
        v_(network.values().size()) {
    options.check();
    require(!data_.empty(), "train", "there is no text to train on");
    require(data_.vocab() <= network.config().vocab, "train", "the text's vocabulary has ", data_.vocab(),
            " tokens, the network's ", network.config().vocab);
    require(data_.context() <= network.config().context, "train", "windows of ", data_.context(),
            " tokens are longer than the network's context of ", network.config().context);
    const double samples = std::round(options.epochs * static_cast<double>(data_.size()));
    samples_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(samples));
    if (options.average > 0) average_.emplace(network.clone());
  }

  [[nodiscard]] std::int64_t steps() const { return (samples_ + options_.batch - 1) / options_.batch; }
  [[nodiscard]] std::int64_t step() const { return step_; }
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }
  [[nodiscard]] bool finished() const { return step_ >= steps(); }
  [[nodiscard]] double epoch() const {
    return static_cast<double>(std::min(samples_, step_ * options_.batch)) / static_cast<double>(data_.size());
  }
  [[nodiscard]] const Windows& data() const { return data_; }
  /// The weights to evaluate and keep: averaged ones where asked for.
  [[nodiscard]] const Network<B>& evaluated() const { return average_ ? *average_ : network_; }

  /// Everything that a resumption needs besides the network's values.
  [[nodiscard]] std::span<R> first_moment() { return m_.span(); }
  [[nodiscard]] std::span<R> second_moment() { return v_.span(); }
  [[nodiscard]] Network<B>* average() { return average_ ? &*average_ : nullptr; }
  void resume_at(std::int64_t step, std::int64_t tokens) {
    step_ = step;
    tokens_ = tokens;
  }

  /// Does one step. Throws, with the weights as they were before it, when the loss or gradient is not finite.
  StepReport advance() {
    require(!finished(), "train", "all ", steps(), " steps are done");
    draw_batch();
    fill(network_.backend(), gradient_.span(), R(0));
    double loss = 0;
    const double scale = 1.0 / static_cast<double>(batch_tokens_);
    const DropoutSettings dropout{network_.config().dropout, options_.seed};
    std::size_t first = 0;
    while (first < plans_.size()) {  // pack plans until a pass is full
      batch_.clear();
      std::size_t last = first;
      while (last < plans_.size() && (last == first || batch_.slots() + plans_[last].slots() <= micro_slots())) {
        const Plan& plan = plans_[last++];
        batch_.add({slots_.data() + plan.begin, plan.count}, plan.rule, {text_.data() + plan.text, plan.text_count},
                   network_.config(), plan.sample);
      }
      first = last;
      const Capacity needed{batch_.slots(), batch_.predictions()};
      if (!workspace_ || !workspace_->holds(needed)) {
        const std::int64_t slots = std::max(needed.slots, largest_pass());
        workspace_.reset();
        workspace_.emplace(network_.config(), Capacity{slots, slots, needed.predictions < needed.slots},
                           Pass::backward);
      }
      loss += accumulate_gradient(network_, batch_, scale, dropout, *workspace_, gradient_.span());
    }
    loss *= scale;
    const double norm = std::sqrt(squared_norm(network_.backend(), std::span<const R>(gradient_.span())));
    require(std::isfinite(loss) && std::isfinite(norm), "train", "the loss is no longer a finite number (loss ", loss,
            ", gradient norm ", norm, " at step ", step_ + 1, "); a lower learning rate than ", options_.learning_rate,
            " or gradient clipping may help");
    update(norm);
    ++step_;
    tokens_ += batch_tokens_;
    return {step_, steps(), epoch(), loss, rate_, norm, tokens_};
  }

  [[nodiscard]] std::int64_t micro_slots() const {
    return options_.micro_slots > 0 ? options_.micro_slots : default_micro_slots(network_.config());
  }

 private:
  struct Plan {
    std::size_t begin, count, text, text_count;
    typename F::Rule rule;
    std::uint64_t sample;
    [[nodiscard]] std::int64_t slots() const { return static_cast<std::int64_t>(count); }
  };

  /// Lays out the plans of this step's samples. All draws are functions of the sample number.
  void draw_batch() {
    plans_.clear();
    slots_.clear();
    text_.clear();
    batch_tokens_ = 0;
    const std::int64_t begin = step_ * options_.batch;
    const std::int64_t end = std::min(samples_, begin + options_.batch);
    const double progress = static_cast<double>(step_) / static_cast<double>(std::max<std::int64_t>(1, steps() - 1));
    std::vector<Token> window;
    for (std::int64_t i = begin; i < end; ++i) {
      const auto n = static_cast<std::uint64_t>(i);
      data_.copy(shuffle_.window(n), window);
      RandomChoices choices(options_.seed, Purpose::plan, n, progress);
      const std::size_t first_slot = slots_.size();
      const auto rule = factorization_.plan(Shape{static_cast<std::int32_t>(window.size())}, choices, slots_);
      plans_.push_back({first_slot, slots_.size() - first_slot, text_.size(), window.size(), rule, n});
      text_.insert(text_.end(), window.begin(), window.end());
      batch_tokens_ += static_cast<std::int64_t>(window.size());
    }
  }

  /// Slots of the largest pass of a whole batch, so that the workspace is planned once.
  [[nodiscard]] std::int64_t largest_pass() const {
    std::int64_t most = 0;
    std::int64_t all = 0;
    for (const Plan& plan : plans_) {
      most = std::max(most, plan.slots());
      all += plan.slots();
    }
    return std::min(all, std::max(most, micro_slots()));
  }

  void update(double norm) {
    rate_ = learning_rate(options_, step_, steps());
    const auto t = static_cast<double>(step_ + 1);
    AdamWStep step{rate_,
                   options_.beta1,
                   options_.beta2,
                   options_.epsilon,
                   0,
                   1 - std::pow(options_.beta1, t),
                   1 - std::pow(options_.beta2, t),
                   1};
    if (options_.clip > 0 && norm > options_.clip) step.gradient_scale = options_.clip / norm;
    for (const Parameter& p : network_.parameters()) {
      step.decay = p.kind == ParameterKind::matrix ? options_.weight_decay : 0;
      const auto offset = static_cast<std::size_t>(p.offset);
      const auto size = static_cast<std::size_t>(p.size());
      adamw(network_.backend(), network_.values(p), std::span<const R>(gradient_.span().subspan(offset, size)),
            m_.span().subspan(offset, size), v_.span().subspan(offset, size), step);
    }
    if (average_) {
      // Early in a run the average follows closely, so that it does not remember the initial weights.
      const double decay = std::min(options_.average, t / (t + 9));
      blend(network_.backend(), average_->values(), std::span<const R>(network_.values()), decay);
    }
  }

  Network<B>& network_;
  F factorization_;
  Windows data_;
  TrainOptions options_;
  EpochShuffle shuffle_;
  Numbers gradient_;
  Numbers m_;
  Numbers v_;
  std::optional<Network<B>> average_;
  std::optional<Workspace<B>> workspace_;
  std::vector<Plan> plans_;
  std::vector<Slot> slots_;
  std::vector<Token> text_;
  Batch<typename F::Rule> batch_;
  std::int64_t samples_ = 0;
  std::int64_t step_ = 0;
  std::int64_t tokens_ = 0;
  std::int64_t batch_tokens_ = 0;
  double rate_ = 0;
};

}  // namespace ordo
