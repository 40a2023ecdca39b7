#pragma once
// Scoring: nats per token of a text under a network and a factorization, with errors.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/error.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/evaluate/score.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/transformer.hpp>

namespace ordo {

struct EvaluateOptions {
  int draws = 32;                   ///< draws of the policy for each window; an exact score needs one and takes one
  std::uint64_t seed = 0;           ///< of the draws, and of the subset of windows
  std::int64_t windows = 0;         ///< score a fixed, seeded subset of this many windows; 0: all
  std::int64_t batch_slots = 2048;  ///< slots in one forward pass; changes speed and memory, not the score's draws
  std::stop_token stop{};           ///< throws Stopped when asked to stop

  /// For following a training run: 8 draws of 256 windows.
  [[nodiscard]] static EvaluateOptions brief();

  /// Throws an Error that names the first setting that cannot work, and its value.
  void check() const {
    require(draws > 0, "evaluate", "draws must be positive (got ", draws, ")");
    require(windows >= 0, "evaluate", "windows must not be negative (got ", windows, ")");
    require(batch_slots > 0, "evaluate", "batch_slots must be positive (got ", batch_slots, ")");
  }
};

inline EvaluateOptions EvaluateOptions::brief() {
  EvaluateOptions options;
  options.draws = 8;
  options.windows = 256;
  return options;
}

/// Thrown by a verb that was asked to stop before it had a result.
class Stopped : public Error {
 public:
  using Error::Error;
};

namespace detail {

/// Mean and standard error of sum_i total_i / sum_i size_i over units i (ratio estimator).
inline double ratio_error(const std::vector<double>& total, const std::vector<double>& size) {
  const std::size_t n = total.size();
  if (n < 2) return std::numeric_limits<double>::quiet_NaN();  // one unit says nothing of its error
  double t = 0;
  double s = 0;
  for (std::size_t i = 0; i < n; ++i) {
    t += total[i];
    s += size[i];
  }
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double d = total[i] - t / s * size[i];
    squares += d * d;
  }
  const auto count = static_cast<double>(n);
  return std::sqrt(squares * count / (count - 1)) / s;
}

/// Bytes of text that the scored tokens stand for; 0 if unknown.
template <class F>
std::int64_t scored_bytes(const Windows& windows, const F& policy) {
  if constexpr (!GivesTokens<F>) {
    return windows.bytes();
  } else {
    std::int64_t sum = 0;
    std::vector<Token> tokens;
    for (std::size_t w = 0; w < windows.size(); ++w) {
      windows.copy(w, tokens);
      const Known given = policy.given(Shape{windows.length(w)});
      for (std::size_t i = 0; i < tokens.size(); ++i) sum += given[i] == 0 ? windows.bytes_of(tokens[i]) : 0;
    }
    return sum;
  }
}

/// Gathers plans until a forward pass is full, then credits each plan's weighted loss to its place.
template <Backend B, Factorization F>
class PlanScorer {
 public:
  PlanScorer(const Network<B>& network, std::int64_t batch_slots) : network_(network), batch_slots_(batch_slots) {}

  /// Scores one sequence under one plan; `credit` receives its loss [nats] when the batch is run.
  void add(const std::vector<Slot>& slots, const typename F::Rule& rule, const std::vector<Token>& tokens,
           std::uint64_t sample, double* credit) {
    if (batch_.slots() > 0 && batch_.slots() + static_cast<std::int64_t>(slots.size()) > batch_slots_) run();
    batch_.add(slots, rule, tokens, network_.config(), sample);
    credits_.push_back(credit);
  }
  void run() {
    if (batch_.predictions() > 0) {
      const Capacity needed{batch_.slots(), batch_.predictions()};
      if (!workspace_ || !workspace_->holds(needed)) {
        workspace_.emplace(network_.config(),
                           Capacity{std::max(needed.slots, batch_slots_), std::max(needed.predictions, batch_slots_)},
                           Pass::forward);
      }
      const auto loss = losses(network_, batch_, *workspace_);
      const auto& sequences = batch_.predicting().sequences;
      for (std::size_t i = 0; i < sequences.size(); ++i) {
        for (std::int32_t r = 0; r < sequences[i].queries; ++r) {
          const auto row = static_cast<std::size_t>(sequences[i].query_begin + r);
          *credits_[i] += static_cast<double>(batch_.weight()[row]) * static_cast<double>(loss[row]);
        }
      }
    }
    batch_.clear();
    credits_.clear();
  }

 private:
  const Network<B>& network_;
  std::int64_t batch_slots_;
  Batch<typename F::Rule> batch_;
  std::vector<double*> credits_;
  std::optional<Workspace<B>> workspace_;
};

}  // namespace detail

/// Scores `data` under `policy`, which need not be the one that the network was trained under: mean over windows
/// of -log p (exact policies) or of the policy's bound, over `options.draws` draws for each window. Draw d of
/// window w is the same whatever the batch or the number of threads. With low-discrepancy levels
/// error_over_draws is conservative: it ignores that a window's draws are spread evenly.
template <Backend B, Factorization F>
[[nodiscard]] Score evaluate(const Network<B>& network, const Windows& data, const F& policy,
                             const EvaluateOptions& options = {}) {
  static_assert(!TrainingOnly<F>, "[ordo] this factorization may only train: its loss bounds no likelihood");
  require(policy.claim() != Claim::training_only, "evaluate", "the factorization ", policy.name(),
          " may only train: its loss bounds no likelihood");
  require(!data.empty(), "evaluate", "there is no text to score");
  options.check();
  require(data.vocab() <= network.config().vocab, "evaluate", "the text's vocabulary has ", data.vocab(),
          " tokens, the network's ", network.config().vocab);
  require(data.context() <= network.config().context, "evaluate", "windows of ", data.context(),
          " tokens are longer than the network's context of ", network.config().context);
  check_shape(policy, Shape{data.context()});
  const Windows scored =
      options.windows > 0 ? data.subset(static_cast<std::size_t>(options.windows), options.seed) : data;
  const int draws = policy.claim() == Claim::exact ? 1 : options.draws;

  // loss[w * draws + d], so that a window's draws are consecutive samples of the low-discrepancy sequence
  std::vector<double> loss(scored.size() * static_cast<std::size_t>(draws), 0.0);
  detail::PlanScorer<B, F> scorer(network, options.batch_slots);
  std::vector<Token> tokens;
  std::vector<Slot> slots;
  for (std::size_t w = 0; w < scored.size(); ++w) {
    scored.copy(w, tokens);
    for (int d = 0; d < draws; ++d) {
      if (options.stop.stop_requested()) throw Stopped("[ordo] evaluate: stopped before the score was complete");
      const std::size_t n = w * static_cast<std::size_t>(draws) + static_cast<std::size_t>(d);
      RandomChoices choices(options.seed, Purpose::scoring, n);
      slots.clear();
      const auto rule = policy.plan(Shape{scored.length(w)}, choices, slots);
      scorer.add(slots, rule, tokens, n, &loss[n]);
    }
  }
  scorer.run();

  Score score;
  score.claim = policy.claim();
  score.draws = draws;
  score.policy = policy.name();
  std::vector<double> by_draw(static_cast<std::size_t>(draws), 0.0);
  std::vector<double> by_window;
  std::vector<double> window_size;
  std::map<std::int32_t, std::pair<double, double>> documents;
  for (std::size_t w = 0; w < scored.size(); ++w) {
    double mean = 0;
    for (std::size_t d = 0; d < by_draw.size(); ++d) {
      const double x = loss[w * by_draw.size() + d];
      mean += x / draws;
      by_draw[d] += x;
    }
    const std::int64_t own = scored_tokens(policy, Shape{scored.length(w)});
    const auto size = static_cast<double>(own);
    score.tokens += own;
    by_window.push_back(mean);
    window_size.push_back(size);
    auto& document = documents[scored.document(w)];
    document.first += mean;
    document.second += size;
    score.nats_per_token += mean;
  }
  require(score.tokens > 0, "evaluate", "the factorization ", policy.name(), " scores no token of windows of at most ",
          scored.context(), " tokens: all are given");
  const auto count = static_cast<double>(score.tokens);
  score.nats_per_token /= count;
  if (draws > 1) {
    double squares = 0;
    for (const double x : by_draw) squares += (x / count - score.nats_per_token) * (x / count - score.nats_per_token);
    score.error_over_draws = std::sqrt(squares / (draws - 1) / draws);
  } else if (!score.exact()) {
    score.error_over_draws = std::numeric_limits<double>::quiet_NaN();  // one draw says nothing of its error
  }
  score.by_document = static_cast<std::int64_t>(documents.size()) >= Score::fewest_documents;
  if (score.by_document) {
    by_window.clear();
    window_size.clear();
    for (const auto& [id, document] : documents) {
      by_window.push_back(document.first);
      window_size.push_back(document.second);
    }
  }
  score.units = static_cast<std::int64_t>(by_window.size());
  score.error_over_documents = detail::ratio_error(by_window, window_size);
  const std::int64_t bytes = detail::scored_bytes(scored, policy);
  if (bytes > 0) score.bits_per_byte = score.nats_per_token * count / static_cast<double>(bytes) / std::numbers::ln2;
  return score;
}

/// Scores a model under its own factorization, or under the one that this asks to be scored as: a network trained
/// over N orderings is scored left to right, exactly.
template <Factorization F, Backend B>
[[nodiscard]] Score evaluate(const Transformer<F, B>& model, const Windows& data, const EvaluateOptions& options = {}) {
  if constexpr (ScoredAsAnother<F>) {
    return evaluate(model.network(), data, model.factorization().scored_as(), options);
  } else {
    return evaluate(model.network(), data, model.factorization(), options);
  }
}

}  // namespace ordo
