#pragma once
// What a training run can be told, and what it tells.

#include <cmath>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/data/codec.hpp>
#include <ordo/evaluate/evaluate.hpp>
#include <ordo/evaluate/score.hpp>
#include <ordo/train/run_folder.hpp>

namespace ordo {

/// After each optimiser step.
struct StepReport {
  std::int64_t step = 0;   ///< steps done, from 1
  std::int64_t steps = 0;  ///< steps of the whole run
  double epoch = 0;        ///< passes over the unique tokens so far
  double loss = 0;         ///< this batch's weighted loss [nats/token]
  double learning_rate = 0;
  double gradient_norm = 0;  ///< before clipping
  std::int64_t tokens = 0;   ///< tokens seen so far
};

/// After each evaluation on the validation text.
struct EvaluationReport {
  std::int64_t step = 0;
  double epoch = 0;
  double training_loss = 0;  ///< mean over the steps since the last evaluation [nats/token]
  Score score;
  bool best = false;  ///< lowest so far
};

struct TrainOptions {
  double epochs = 1;               ///< passes over the unique tokens
  std::int64_t unique_tokens = 0;  ///< train on the first this many tokens; 0: all of them
  int batch = 32;                  ///< sequences in one optimiser step
  double learning_rate = 1e-3;     ///< the highest; reached after the warm-up
  double final_rate = 0.1;         ///< what the cosine ends at, as a share of learning_rate
  double warmup = 0.01;            ///< share of the steps in which the rate rises linearly
  double weight_decay = 0.1;       ///< decoupled; matrices only
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double clip = 1.0;   ///< largest global norm of the gradient; 0: no clipping
  double average = 0;  ///< decay per step of averaged (EMA) weights, which are then evaluated and kept; 0: off
  std::int64_t micro_slots = 0;  ///< slots in one pass; gradients accumulate over passes. 0: what suits the backend
  bool recompute = false;  ///< work activations out again in the backward pass: less memory, a third more arithmetic
  std::uint64_t seed = 0;  ///< of plans, shuffling and dropout
  int evaluations = 20;    ///< evaluations on the validation text, evenly spaced over the run
  std::int64_t evaluate_every = 0;  ///< or one every so many steps; 0: by `evaluations`
  bool evaluate_by_ratio = false;   ///< `evaluations` at steps with a constant ratio, not a constant difference
  EvaluateOptions evaluation = EvaluateOptions::brief();  ///< how each of them scores
  int patience = 0;             ///< stop after so many evaluations without a new best; 0: never
  bool keep_best = true;        ///< leave the weights that scored best in the model, not the last
  RunFolder directory{};        ///< checkpoints and metrics.jsonl; resumes an unfinished run found there. Empty: none
  bool change_backend = false;  ///< go on with a run that another backend began: no longer to the bit
  TextCodec codec{};            ///< stored with the model, so that programs can read and write its text
  double checkpoint_seconds = 300;    ///< at most so long between checkpoints (one is written when stopped, too)
  std::int64_t checkpoint_steps = 0;  ///< or one every so many steps; 0: by time
  std::stop_token stop{};             ///< finishes the step in hand, writes a checkpoint, and returns
  std::function<void(const StepReport&)> on_step{};
  std::function<void(const EvaluationReport&)> on_evaluation{};

  /// Throws an Error that names the first setting that cannot work, and its value.
  void check() const {
    constexpr auto where = "train";
    for (const auto& [name, x] : {std::pair("learning_rate", learning_rate), std::pair("weight_decay", weight_decay),
                                  std::pair("epsilon", epsilon), std::pair("clip", clip),
                                  std::pair("checkpoint_seconds", checkpoint_seconds)}) {
      require(std::isfinite(x), where, name, " must be a finite number (got ", x, ")");
    }
    evaluation.check();
    require(epochs > 0, where, "epochs must be positive (got ", epochs, ")");
    require(epochs <= 1e9, where, "epochs must be at most 1e9 (got ", epochs, ")");
    require(unique_tokens >= 0, where, "unique_tokens must not be negative (got ", unique_tokens, ")");
    require(batch > 0, where, "batch must be positive (got ", batch, ")");
    require(learning_rate > 0, where, "learning_rate must be positive (got ", learning_rate, ")");
    require(final_rate >= 0 && final_rate <= 1, where, "final_rate must be in [0, 1] (got ", final_rate, ")");
    require(warmup >= 0 && warmup < 1, where, "warmup must be in [0, 1) (got ", warmup, ")");
    require(weight_decay >= 0, where, "weight_decay must not be negative (got ", weight_decay, ")");
    require(beta1 >= 0 && beta1 < 1, where, "beta1 must be in [0, 1) (got ", beta1, ")");
    require(beta2 >= 0 && beta2 < 1, where, "beta2 must be in [0, 1) (got ", beta2, ")");
    require(epsilon > 0, where, "epsilon must be positive (got ", epsilon, ")");
    require(clip >= 0, where, "clip must not be negative (got ", clip, ")");
    require(average >= 0 && average < 1, where, "average must be in [0, 1) (got ", average, ")");
    require(micro_slots >= 0, where, "micro_slots must not be negative (got ", micro_slots, ")");
    require(evaluations >= 0, where, "evaluations must not be negative (got ", evaluations, ")");
    require(evaluate_every >= 0, where, "evaluate_every must not be negative (got ", evaluate_every, ")");
    require(patience >= 0, where, "patience must not be negative (got ", patience, ")");
    require(checkpoint_seconds > 0, where, "checkpoint_seconds must be positive (got ", checkpoint_seconds, ")");
    require(checkpoint_steps >= 0, where, "checkpoint_steps must not be negative (got ", checkpoint_steps, ")");
  }
};

/// What a run came to.
struct TrainResult {
  std::int64_t steps = 0;      ///< steps done, those before a resumption included
  std::int64_t tokens = 0;     ///< tokens seen
  bool finished = false;       ///< false: stopped on request
  bool stopped_early = false;  ///< patience ran out
  EvaluationReport best;       ///< step 0 where nothing was evaluated
  std::vector<EvaluationReport> evaluations;
};

}  // namespace ordo
