#pragma once
// The training loop: steps, evaluations, the best so far, checkpoints, and an orderly stop.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/data/dataset.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/evaluate/evaluate.hpp>
#include <ordo/model/transformer.hpp>
#include <ordo/train/options.hpp>
#include <ordo/train/run_directory.hpp>  // what a folder's name refers to
#include <ordo/train/run_store.hpp>
#include <ordo/train/trainer.hpp>

namespace ordo {

namespace detail {

/// The state of a run beside the trainer's: what was evaluated, and the best so far.
template <Factorization F, Backend B>
class Run {
  static constexpr bool keeps_checkpoints = std::is_same_v<ScalarOf<B>, float>;

 public:
  Run(Transformer<F, B>& model, const Windows& training, Windows validation, const TrainOptions& options)
      : model_(model),
        options_(options),
        validation_(std::move(validation)),
        trainer_(model.network(), model.factorization(), training, options) {
    if (!validation_.empty()) schedule_evaluations();
    if (!evaluate_at_.empty()) check_scored();
    if (!evaluate_at_.empty() && options.keep_best) best_.emplace(model.network().clone());
    if (options.directory.empty()) return;
    if constexpr (!keeps_checkpoints) {
      fail("train", "checkpoints hold 32-bit floats, and the ", model.network().backend().name(),
           " backend computes in another type; train without a directory (got ", options.directory.path().string(),
           ")");
    } else {
      const Network<B>& network = model.network();
      HostCopy<float> weights;
      store_ = options.directory.open({network.config(), model.factorization().name(), network.backend().name(),
                                       weights.of(network.backend(), network.values()), trainer_.data(), validation_,
                                       options});
      with_state(Changes::yes, [&](std::span<const RunNumbers> state) { store_->resume(state, progress_); });
      trainer_.resume_at(progress_.result.steps, progress_.result.tokens);
    }
  }

  /// The whole run. Where it fails (a loss that is no number, a full disk, a callback's own exception), the best
  /// weights so far are left in the model and, if there is one, in the folder.
  TrainResult go() {
    try {
      return loop();
    } catch (...) {
      if (best_ && progress_.result.best.step > 0) {
        try {
          take_values(*best_, model_.network());
          leave_model();
        } catch (...) {  // the first failure is the one to report
        }
      }
      throw;
    }
  }

 private:
  TrainResult loop() {
    auto saved = std::chrono::steady_clock::now();
    while (true) {
      if (evaluation_due() && !evaluate_now()) return stop();
      if (trainer_.finished() || out_of_patience()) return finish(true);
      if (options_.stop.stop_requested()) return stop();
      const auto now = std::chrono::steady_clock::now();
      const bool by_time = options_.checkpoint_steps == 0 &&
                           std::chrono::duration<double>(now - saved).count() >= options_.checkpoint_seconds;
      if (by_time || (options_.checkpoint_steps > 0 && trainer_.step() % options_.checkpoint_steps == 0)) {
        save();
        saved = std::chrono::steady_clock::now();
      }
      const StepReport report = trainer_.advance();
      progress_.training_loss += report.loss;
      ++progress_.training_steps;
      if (options_.on_step) options_.on_step(report);
    }
  }

  /// Throws where the evaluations to come would: before the first step, not after an hour.
  void check_scored() const {
    const auto& policy = scored();
    require(policy.claim() != Claim::training_only, "train", "the factorization ", policy.name(),
            " may only train, so there is nothing to evaluate it by; train it without a validation text");
    check_shape(policy, Shape{validation_.context()});
  }

  /// The steps after which to evaluate, rising; the last step is among them.
  void schedule_evaluations() {
    const std::int64_t steps = trainer_.steps();
    if (options_.evaluate_every > 0) {
      for (std::int64_t s = options_.evaluate_every; s < steps; s += options_.evaluate_every) evaluate_at_.push_back(s);
    } else if (options_.evaluations == 0) {
      return;
    } else {
      const auto all = static_cast<double>(steps);
      for (int i = 1; i < options_.evaluations; ++i) {
        const double share = static_cast<double>(i) / options_.evaluations;
        const double at = options_.evaluate_by_ratio ? std::pow(all, share) : all * share;
        const auto step = static_cast<std::int64_t>(std::llround(at));
        if (step > 0 && step < steps && (evaluate_at_.empty() || step > evaluate_at_.back())) {
          evaluate_at_.push_back(step);
        }
      }
    }
    evaluate_at_.push_back(steps);
  }

  /// True after a step that ends with an evaluation, until that evaluation is done.
  [[nodiscard]] bool evaluation_due() const {
    const std::int64_t step = trainer_.step();
    const bool asked = std::binary_search(evaluate_at_.begin(), evaluate_at_.end(), step);
    return asked && (progress_.result.evaluations.empty() || progress_.result.evaluations.back().step < step);
  }
  [[nodiscard]] bool out_of_patience() const {
    return options_.patience > 0 && progress_.since_best >= options_.patience;
  }

  enum class Changes : bool { no, yes };

  /// Calls `use` with what a checkpoint keeps, for the host to read and, if it changes it, to write.
  template <class Use>
  void with_state(Changes changes, const Use& use) {
    std::vector<RunNumbers> state = {{"weight.", model_.network().values()},
                                     {"first_moment.", trainer_.first_moment()},
                                     {"second_moment.", trainer_.second_moment()}};
    if (trainer_.average() != nullptr) state.push_back({"average.", trainer_.average()->values()});
    if (best_) state.push_back({"best.", best_->values()});
    if constexpr (ComputesOnHost<B>) {
      use(state);
    } else {
      const B& b = model_.network().backend();
      std::vector<std::vector<float>> copies;
      std::vector<RunNumbers> copied;
      for (const RunNumbers& part : state) {
        copies.emplace_back(part.numbers.size());
        download(b, static_cast<const float*>(part.numbers.data()), copies.back());
        copied.push_back({part.prefix, copies.back()});
      }
      use(copied);
      for (std::size_t i = 0; changes == Changes::yes && i < state.size(); ++i) {
        upload(b, copies[i], state[i].numbers.data());
      }
    }
  }

  void save() {
    progress_.result.steps = trainer_.step();
    progress_.result.tokens = trainer_.tokens();
    if constexpr (keeps_checkpoints) {
      if (!store_) return;
      with_state(Changes::no, [&](std::span<const RunNumbers> state) { store_->save(state, progress_); });
    }
  }

  TrainResult stop() {
    save();
    return finish(false);
  }

  /// Returns false if asked to stop before the score was complete; a resumption then evaluates again.
  bool evaluate_now() {
    EvaluateOptions how = options_.evaluation;
    how.stop = options_.stop;
    EvaluationReport evaluation;
    try {
      evaluation.score = score(how);
    } catch (const Stopped&) {
      return false;
    }
    require(std::isfinite(evaluation.score.nats_per_token), "train",
            "the validation loss is no longer a finite number (", evaluation.score.nats_per_token, " after step ",
            trainer_.step(), "); a lower learning rate than ", options_.learning_rate,
            " or gradient clipping may help");
    evaluation.step = trainer_.step();
    evaluation.epoch = trainer_.epoch();
    evaluation.training_loss = progress_.training_loss / static_cast<double>(progress_.training_steps);
    evaluation.best =
        progress_.result.best.step == 0 || evaluation.score.nats_per_token < progress_.result.best.score.nats_per_token;
    progress_.training_loss = 0;
    progress_.training_steps = 0;
    ++progress_.since_best;
    if (evaluation.best) {
      progress_.result.best = evaluation;
      progress_.since_best = 0;
      if (best_) take_values(trainer_.evaluated(), *best_);
    }
    progress_.result.evaluations.push_back(evaluation);
    if (store_) store_->record(evaluation);
    if (options_.on_evaluation) options_.on_evaluation(evaluation);
    return true;
  }

  [[nodiscard]] decltype(auto) scored() const {
    if constexpr (ScoredAsAnother<F>) {
      return model_.factorization().scored_as();
    } else {
      return (model_.factorization());
    }
  }
  [[nodiscard]] Score score(const EvaluateOptions& how) const {
    return evaluate(trainer_.evaluated(), validation_, scored(), how);
  }

  static void take_values(const Network<B>& from, Network<B>& to) {
    copy_values(from.backend(), from.values(), to.values());
  }

  TrainResult finish(bool finished) {
    progress_.result.steps = trainer_.step();
    progress_.result.tokens = trainer_.tokens();
    progress_.result.finished = finished;
    progress_.result.stopped_early = finished && !trainer_.finished();
    if (finished) save();
    if (finished) {
      if (best_ && progress_.result.best.step > 0) {
        take_values(*best_, model_.network());
      } else if (trainer_.average() != nullptr) {
        take_values(*trainer_.average(), model_.network());
      }
      leave_model();
    }
    return std::move(progress_.result);
  }

  void leave_model() {
    if constexpr (keeps_checkpoints) {
      HostCopy<float> weights;
      const Network<B>& network = model_.network();
      if (store_) store_->finish(weights.of(network.backend(), network.values()));
    }
  }

  Transformer<F, B>& model_;
  TrainOptions options_;
  Windows validation_;
  Trainer<F, B> trainer_;
  std::optional<Network<B>> best_;
  std::unique_ptr<RunStore> store_;  // none without a folder
  RunProgress progress_;
  std::vector<std::int64_t> evaluate_at_;
};

}  // namespace detail

/// Trains `model` on `training`, evaluating on `validation` (which may be empty). Afterwards the model holds the
/// weights that scored best (or the last, see TrainOptions). Throws an Error where an option or the data cannot
/// work, and where the loss stops being a number; then the model holds the best weights so far, if any were scored.
template <Factorization F, Backend B>
TrainResult train(Transformer<F, B>& model, const Windows& training, const Windows& validation,
                  const TrainOptions& options = {}) {
  return detail::Run<F, B>(model, training, validation, options).go();
}

/// Trains on a data set's own split.
template <Factorization F, Backend B>
TrainResult train(Transformer<F, B>& model, const Dataset& data, const TrainOptions& options = {}) {
  TrainOptions own = options;
  own.codec = data.codec();
  return train(model, data.train(), data.validation(), own);
}

/// Trains on tokens in memory, cut into windows of the model's context. The tokens are copied.
template <Factorization F, Backend B>
TrainResult train(Transformer<F, B>& model, std::span<const Token> tokens, const TrainOptions& options = {}) {
  const DataOptions cut{.context = model.config().context};
  return train(model,
               TokenDataset::from_tokens(std::vector<Token>(tokens.begin(), tokens.end()), model.config().vocab, cut),
               options);
}

}  // namespace ordo
