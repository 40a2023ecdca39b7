#pragma once
// From the losses of windows to a score with its errors: what every way of scoring shares.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/factorization.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/evaluate/options.hpp>
#include <ordo/evaluate/score.hpp>

namespace ordo::detail {

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

/// The windows that `options` ask for. Throws an Error where the network or the policy cannot score them.
template <class Policy>
[[nodiscard]] Windows windows_to_score(const ModelConfig& config, const Windows& data, const Policy& policy,
                                       const EvaluateOptions& options) {
  require(!data.empty(), "evaluate", "there is no text to score");
  options.check();
  require(data.vocab() <= config.vocab, "evaluate", "the text's vocabulary has ", data.vocab(),
          " tokens, the network's ", config.vocab);
  require(data.context() <= config.context, "evaluate", "windows of ", data.context(),
          " tokens are longer than the network's context of ", config.context);
  check_shape(policy, Shape{data.context()});
  return options.windows > 0 ? data.subset(static_cast<std::size_t>(options.windows), options.seed) : data;
}

/// The score of these windows, under what `policy` names and claims; tokens that it gives are not counted.
/// loss[w * draws + d] is that of window w in draw d [nats].
template <class Policy>
[[nodiscard]] Score score_of(const Windows& scored, std::span<const double> loss, int draws, const Policy& policy) {
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
  score.error_over_documents = ratio_error(by_window, window_size);
  const std::int64_t bytes = scored_bytes(scored, policy);
  if (bytes > 0) score.bits_per_byte = score.nats_per_token * count / static_cast<double>(bytes) / std::numbers::ln2;
  return score;
}

}  // namespace ordo::detail
