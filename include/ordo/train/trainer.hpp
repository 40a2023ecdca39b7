#pragma once
// One optimiser step: draw plans, accumulate the gradient over passes, clip, AdamW.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/adamw.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/replay.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/backward.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/parameters.hpp>
#include <ordo/model/placed_batch.hpp>
#include <ordo/train/epoch_shuffle.hpp>
#include <ordo/train/learning_rate.hpp>
#include <ordo/train/options.hpp>
#include <ordo/train/passes.hpp>

namespace ordo {

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
        gradient_(allocate<R>(network.backend(), network.values().size())),
        m_(allocate<R>(network.backend(), network.values().size())),
        v_(allocate<R>(network.backend(), network.values().size())),
        numbers_(allocate<StepNumbers>(network.backend(), 1)) {
    options.check();
    require(!data_.empty(), "train", "there is no text to train on");
    require(data_.vocab() <= network.config().vocab, "train", "the text's vocabulary has ", data_.vocab(),
            " tokens, the network's ", network.config().vocab);
    require(data_.context() <= network.config().context, "train", "windows of ", data_.context(),
            " tokens are longer than the network's context of ", network.config().context);
    check_shape(factorization_, Shape{data_.context()});
    const double samples = std::round(options.epochs * static_cast<double>(data_.size()));
    samples_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(samples));
    if (options.average > 0) average_.emplace(network.clone());
    place_decays();
  }
  Trainer(const Trainer&) = delete;  // what is drawn ahead refers to the policy here
  Trainer& operator=(const Trainer&) = delete;

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

  /// Everything that a resumption needs besides the network's values, in the backend's memory.
  [[nodiscard]] std::span<R> first_moment() { return m_.span(); }
  [[nodiscard]] std::span<R> second_moment() { return v_.span(); }
  [[nodiscard]] Network<B>* average() { return average_ ? &*average_ : nullptr; }
  /// Goes on behind this step; what was drawn ahead is forgotten.
  void resume_at(std::int64_t step, std::int64_t tokens) {
    step_ = step;
    tokens_ = tokens;
    passes_.reset();
  }

  /// Does one step. Throws, with the weights as they were before it, when the loss or gradient is not finite. After
  /// whatever it throws the same step may be tried again.
  StepReport advance() {
    require(!finished(), "train", "all ", steps(), " steps are done");
    const B& b = network_.backend();
    const BatchSize size = batch_size();
    const double scale = 1.0 / static_cast<double>(std::max<std::int64_t>(1, size.scored));
    const StepNumbers start{adamw_step(), {}};
    upload(b, std::span<const StepNumbers>(&start, 1), numbers_.data());
    fill(b, gradient_.span(), R(0));
    try {
      if (!passes_) draw_first_pass();
      while (true) {
        queue_pass(scale);
        if (passes_->done()) break;
        draw_pass();
      }
      update();
    } catch (...) {
      passes_.reset();  // whoever tries again begins with the first pass
      throw;
    }
    ++step_;
    draw_ahead();  // while a device works
    StepNumbers end;
    download(b, std::as_const(numbers_).data(), std::span<StepNumbers>(&end, 1));
    const double loss = end.sums.loss * scale;
    const double norm = std::sqrt(end.sums.squared_norm);
    if (!end.sums.finite()) {
      resume_at(step_ - 1, tokens_);  // nothing was changed
      fail("train", "the loss is no longer a finite number (loss ", loss, ", gradient norm ", norm, " at step ",
           step_ + 1, "); a lower learning rate than ", options_.learning_rate, " or gradient clipping may help");
    }
    follow();
    tokens_ += size.tokens;
    return {step_, steps(), epoch(), loss, end.step.rate, norm, tokens_};
  }

  [[nodiscard]] std::int64_t micro_slots() const { return ordo::micro_slots<B>(options_, network_.config()); }

 private:
  struct StepNumbers {
    AdamWStep step;
    StepSums sums;
  };
  /// What the work of a pass is a function of, besides what is placed: where that is, S, P, B, the most keys of a
  /// sequence (which are its most queries, too), the rules that there are, the scale.
  using PassShape =
      std::tuple<const void*, std::int64_t, std::int64_t, std::int64_t, std::int32_t, std::uint32_t, double>;

  /// The samples of the step in hand.
  [[nodiscard]] SampleRange batch_samples() const {
    const std::int64_t first = step_ * options_.batch;
    return {first, std::min(samples_, first + options_.batch), samples_};
  }
  [[nodiscard]] std::int64_t length(std::uint64_t n) { return data_.length(shuffle_.window(n)); }

  struct BatchSize {
    std::int64_t tokens = 0;
    std::int64_t scored = 0;  ///< without those that the policy is given
  };
  [[nodiscard]] BatchSize batch_size() {
    BatchSize size;
    const SampleRange samples = batch_samples();
    for (std::int64_t n = samples.first; n < samples.last; ++n) {
      const std::int64_t own = length(static_cast<std::uint64_t>(n));
      size.tokens += own;
      size.scored += scored_tokens(factorization_, Shape{static_cast<std::int32_t>(own)});
    }
    return size;
  }

  void draw_first_pass() {
    passes_.emplace(factorization_, options_.seed, batch_samples(), micro_slots());
    draw_pass();
  }
  void draw_pass() {
    batch_.clear();
    passes_->draw([&](std::uint64_t n) { return length(n); },
                  [&](std::uint64_t n, const std::vector<Slot>& slots, const typename F::Rule& rule) {
                    data_.copy(shuffle_.window(n), text_);
                    batch_.add(slots, rule, text_, network_.config(), n);
                  });
    if constexpr (!B::on_host) {  // fewer than 8 more, or than one in 128 of the slots, for fewer shapes
      const std::int64_t step = std::max<std::int64_t>(8, batch_.slots() / 128);
      batch_.predict_at_least((batch_.predictions() + step - 1) / step * step);
    }
    make_room(passes_->done());
    placed_ = place(network_, batch_, *workspace_);
  }
  /// The next step's first pass, sent behind the work of this one. Where that throws, the next step does so again and
  /// tells.
  void draw_ahead() {
    passes_.reset();
    if (finished()) return;
    try {
      draw_first_pass();
    } catch (...) {
      passes_.reset();
    }
  }

  /// Queues the gradient of the pass in hand.
  void queue_pass(double scale) {
    const B& b = network_.backend();
    const PlacedBatch<typename F::Rule>& batch = placed_;
    (void)network_.views();  // rounded weights are made here, and not in what is queued again
    const DropoutSettings dropout{network_.config().dropout, options_.seed};
    const auto work = [&] {
      accumulate_gradient(network_, batch, scale, dropout, *workspace_, gradient_.span(), &numbers_.data()->sums.loss);
    };
    const PassShape shape{
        batch.token.data(), batch.slots(), batch.predictions(), batch_.sequences(), batch.every.most_keys,
        batch.every.rules,  scale};
    passes_done_.run(b, shape, work);
  }

  /// Plans the workspace anew where it does not hold the pass in hand. It never shrinks, and where more passes follow
  /// it has room for a full one, so that this happens a few times in a run. The room changes no result.
  void make_room(bool last_pass) {
    const Capacity needed{batch_.slots(), batch_.predictions()};
    if (workspace_ && workspace_->holds(needed)) return;
    const std::int64_t slots = std::max({room_.slots, needed.slots, last_pass ? 0 : micro_slots()});
    room_ = {slots, slots, (workspace_ && room_.few) || needed.predictions < needed.slots};
    passes_done_.clear();
    workspace_.reset();
    workspace_.emplace(network_, room_, options_.recompute ? Pass::recompute : Pass::backward);
  }

  void place_decays() {
    std::vector<DecayRange> decays;
    for (const ParameterRange& range : parameter_ranges(network_.parameters())) {
      decays.push_back({static_cast<std::int64_t>(range.first + range.size),
                        range.kind == ParameterKind::matrix ? options_.weight_decay : 0});
    }
    check_decays(decays, network_.values().size());
    decays_ = allocate<DecayRange>(network_.backend(), decays.size());
    upload(network_.backend(), std::span<const DecayRange>(decays), decays_.data());
  }

  [[nodiscard]] AdamWStep adamw_step() const {
    const auto t = static_cast<double>(step_ + 1);
    return {learning_rate(options_, step_, steps()),
            options_.beta1,
            options_.beta2,
            options_.epsilon,
            1 - std::pow(options_.beta1, t),
            1 - std::pow(options_.beta2, t),
            options_.clip};
  }
  /// Queues the optimiser's step, which does nothing where a sum is not finite.
  void update() {
    const B& b = network_.backend();
    const std::span<R> values = network_.values();
    update_.run(b, [&] {
      StepNumbers* const numbers = numbers_.data();
      squared_norm(b, std::span<const R>(gradient_.span()), &numbers->sums.squared_norm);
      adamw(b, values, std::span<const R>(gradient_.span()), m_.span(), v_.span(),
            std::span<const DecayRange>(decays_.span()), &numbers->step, &numbers->sums);
    });
  }
  /// The average follows the weights of the step that was done: closely at first, so that it does not remember the
  /// initial ones.
  void follow() {
    if (!average_) return;
    const auto t = static_cast<double>(step_);
    const double decay = std::min(options_.average, t / (t + 9));
    blend(network_.backend(), average_->values(), std::span<const R>(network_.values()), decay);
  }

  Network<B>& network_;
  F factorization_;
  Windows data_;
  TrainOptions options_;
  EpochShuffle shuffle_;
  Numbers gradient_;
  Numbers m_;
  Numbers v_;
  typename B::template Buffer<StepNumbers> numbers_;  // one: of the step in hand
  typename B::template Buffer<DecayRange> decays_;
  Replay<B> update_;
  Replays<B, PassShape> passes_done_{256};
  std::optional<Network<B>> average_;
  std::optional<Workspace<B>> workspace_;
  Capacity room_;
  std::optional<Passes<F>> passes_;  // of the step in hand; batch_ holds the pass that was drawn last, and
  Batch<typename F::Rule> batch_;    // placed_ is that where the backend reads it
  PlacedBatch<typename F::Rule> placed_;
  std::vector<Token> text_;
  std::int64_t samples_ = 0;
  std::int64_t step_ = 0;
  std::int64_t tokens_ = 0;
};

}  // namespace ordo
