#pragma once
// How sure the network is of a prediction, before any token is drawn.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace ordo {

/// Of softmax(logits), at temperature 1 and before any nucleus.
struct Certainty {
  double highest = 0;  ///< probability of the most probable token
  double margin = 0;   ///< highest minus second highest probability
  double entropy = 0;  ///< [nats]
};

/// One pass for the two largest logits, one for the sums; in double, whatever R is.
template <class R>
[[nodiscard]] Certainty certainty(std::span<const R> logits) {
  double first = -std::numeric_limits<double>::infinity();
  double second = first;
  for (const R logit : logits) {
    const auto x = static_cast<double>(logit);
    second = std::max(second, std::min(first, x));
    first = std::max(first, x);
  }
  double total = 0;
  double moment = 0;  // sum of exp(x - first) (x - first)
  for (const R logit : logits) {
    const double x = static_cast<double>(logit) - first;
    const double e = std::exp(x);
    total += e;
    if (e > 0) moment += e * x;
  }
  return {1 / total, (1 - std::exp(second - first)) / total, std::max(0.0, std::log(total) - moment / total)};
}

/// -log softmax(logits)[token] [nats].
template <class R>
[[nodiscard]] double surprise(std::span<const R> logits, std::size_t token) {
  const auto first = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double total = 0;
  for (const R x : logits) total += std::exp(static_cast<double>(x) - first);
  return std::log(total) - (static_cast<double>(logits[token]) - first);
}

}  // namespace ordo
