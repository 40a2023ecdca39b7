#pragma once
// Where a run keeps its state, as the training loop sees it.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <ordo/core/config.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/train/options.hpp>
#include <ordo/train/run_folder.hpp>

namespace ordo {

/// What a run knows besides weights and moments.
struct RunProgress {
  TrainResult result;        ///< its steps and tokens are those done so far
  int since_best = 0;        ///< evaluations without a new best
  double training_loss = 0;  ///< summed over the steps since the last evaluation
  std::int64_t training_steps = 0;
};

/// What a run begins with: everything that its weights are a function of.
struct RunStart {
  const ModelConfig& config;
  std::string factorization;
  std::string backend;
  std::span<const float> weights;
  const Windows& training;
  const Windows& validation;
  const TrainOptions& options;
};

/// Weights or moments: numbers laid out as the network's values, and what their names begin with.
struct RunNumbers {
  const char* prefix;
  std::span<float> numbers;
};

/// Errors name the file and the reason.
class RunStore {
 public:
  RunStore() = default;
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;
  virtual ~RunStore() = default;

  /// Takes up the stored run, if there is one.
  virtual void resume(std::span<const RunNumbers> state, RunProgress& progress) = 0;
  /// Keeps all that `resume` needs.
  virtual void save(std::span<const RunNumbers> state, const RunProgress& progress) = 0;
  /// Writes an evaluation into the log.
  virtual void record(const EvaluationReport& evaluation) = 0;
  /// Leaves the model that the run came to.
  virtual void finish(std::span<const float> weights) = 0;
};

inline std::unique_ptr<RunStore> RunFolder::open(const RunStart& start) const { return open_(path_, start); }

}  // namespace ordo
