#pragma once
// The training loop: steps, evaluations, the best so far, checkpoints, and an orderly stop.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/evaluate/evaluate.hpp>
#include <ordo/io/run_directory.hpp>
#include <ordo/model/transformer.hpp>
#include <ordo/train/options.hpp>
#include <ordo/train/trainer.hpp>

namespace ordo {

namespace detail {

/// The state of a run beside the trainer's: what was evaluated, and the best so far.
template <Factorization F, Backend B>
class Run {
 public:
  Run(Transformer<F, B>& model, const Windows& training, Windows validation, const TrainOptions& options)
      : model_(model),
        options_(options),
        validation_(std::move(validation)),
        trainer_(model.network(), model.factorization(), training, options) {
    const bool evaluates = !validation_.empty() && (options.evaluations > 0 || options.evaluate_every > 0);
    if (evaluates) {
      every_ = options.evaluate_every > 0
                   ? options.evaluate_every
                   : std::max<std::int64_t>(1, trainer_.steps() / std::max(1, options.evaluations));
      if (options.keep_best) best_.emplace(model.network().clone());
    }
    if (!options.directory.empty()) {
      directory_.emplace(options.directory,
                         run_identity(model_.config(), model_.factorization(), model_.network().backend(),
                                      trainer_.data(), validation_, options));
      directory_->resume(model_.network(), trainer_, best_ ? &*best_ : nullptr, result_, since_best_, training_loss_,
                         training_steps_);
    }
  }

  TrainResult go() {
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
      training_loss_ += report.loss;
      ++training_steps_;
      if (options_.on_step) options_.on_step(report);
    }
  }

 private:
  /// True after a step that ends with an evaluation, until that evaluation is done.
  [[nodiscard]] bool evaluation_due() const {
    const std::int64_t step = trainer_.step();
    const bool asked = every_ > 0 && step > 0 && (step % every_ == 0 || trainer_.finished());
    return asked && (result_.evaluations.empty() || result_.evaluations.back().step < step);
  }
  [[nodiscard]] bool out_of_patience() const { return options_.patience > 0 && since_best_ >= options_.patience; }

  void save() {
    if (!directory_) return;
    directory_->save(model_.network(), trainer_, best_ ? &*best_ : nullptr, result_, since_best_, training_loss_,
                     training_steps_);
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
    evaluation.step = trainer_.step();
    evaluation.epoch = trainer_.epoch();
    evaluation.training_loss = training_loss_ / static_cast<double>(training_steps_);
    evaluation.best = result_.best.step == 0 || evaluation.score.nats_per_token < result_.best.score.nats_per_token;
    training_loss_ = 0;
    training_steps_ = 0;
    ++since_best_;
    if (evaluation.best) {
      result_.best = evaluation;
      since_best_ = 0;
      if (best_) copy_values(trainer_.evaluated(), *best_);
    }
    result_.evaluations.push_back(evaluation);
    if (directory_) directory_->record(evaluation, trainer_.tokens());
    if (options_.on_evaluation) options_.on_evaluation(evaluation);
    return true;
  }

  [[nodiscard]] Score score(const EvaluateOptions& how) const {
    if constexpr (ScoredAsAnother<F>) {
      return evaluate(trainer_.evaluated(), validation_, model_.factorization().scored_as(), how);
    } else {
      return evaluate(trainer_.evaluated(), validation_, model_.factorization(), how);
    }
  }

  static void copy_values(const Network<B>& from, Network<B>& to) {
    blend(from.backend(), to.values(), from.values(), 0.0);
  }

  TrainResult finish(bool finished) {
    result_.steps = trainer_.step();
    result_.tokens = trainer_.tokens();
    result_.finished = finished;
    result_.stopped_early = finished && !trainer_.finished();
    if (finished && directory_) save();
    if (finished) {
      if (best_ && result_.best.step > 0) {
        copy_values(*best_, model_.network());
      } else if (trainer_.average() != nullptr) {
        copy_values(*trainer_.average(), model_.network());
      }
      if (directory_) directory_->finish(model_.network());
    }
    return std::move(result_);
  }

  Transformer<F, B>& model_;
  TrainOptions options_;
  Windows validation_;
  Trainer<F, B> trainer_;
  std::optional<Network<B>> best_;
  std::optional<RunDirectory> directory_;
  TrainResult result_;
  std::int64_t every_ = 0;
  int since_best_ = 0;
  double training_loss_ = 0;
  std::int64_t training_steps_ = 0;
};

}  // namespace detail

/// Trains `model` on `training`, evaluating on `validation` (which may be empty). Afterwards the model holds the
/// weights that scored best (or the last, see TrainOptions). Throws an Error where an option or the data cannot
/// work, and where the loss stops being a number; then the model holds the weights before that step.
template <Factorization F, Backend B>
TrainResult train(Transformer<F, B>& model, const Windows& training, const Windows& validation,
                  const TrainOptions& options = {}) {
  return detail::Run<F, B>(model, training, validation, options).go();
}

/// Trains on a data set's own split.
template <Factorization F, Backend B>
TrainResult train(Transformer<F, B>& model, const Dataset& data, const TrainOptions& options = {}) {
  return train(model, data.train(), data.validation(), options);
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
