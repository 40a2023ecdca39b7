#pragma once
// From logits to a token: temperature, nucleus, and a draw in double. And what logits say of a token that is given.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <ordo/core/certainty.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// How tokens are drawn.
struct DrawOptions {
  double temperature = 1;  ///< 0: always the most probable token, the first on a tie
  double top_p = 1;        ///< in (0, 1]; 1: no cut
  bool certainty = false;  ///< how sure the network is is asked for as well

  friend auto operator<=>(const DrawOptions&, const DrawOptions&) = default;
};

/// A token, the probability that the network gave it (at temperature 1, before the nucleus), and where it was asked for
/// how sure the network was.
struct Drawn {
  Token token = 0;
  double probability = 0;
  Certainty sure{};
};

/// Draws from softmax(logits / temperature) cut to the smallest set of tokens whose probability reaches `top_p`
/// (Holtzman et al. 2019, arXiv:1904.09751): the first token, by index or where there is a cut by falling logit (equal
/// ones by index), at which the sum of probabilities exceeds `unit`, uniform in [0, 1), of them all. This is how
/// every backend in the host's memory draws; in double, whatever R is. Where a logit is no number or +infinity, or all
/// are ruled out, the token is the largest's, or any, and its probability is no number.
template <class R>
[[nodiscard]] Drawn draw_token(std::span<const R> logits, const DrawOptions& how, double unit) {
  const std::size_t n = logits.size();
  const auto top = static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  const auto highest = static_cast<double>(logits[top]);
  double plain = 0;
  for (const R x : logits) plain += std::exp(static_cast<double>(x) - highest);
  const auto drawn = [&](std::size_t i) {
    return Drawn{static_cast<Token>(i), std::exp(static_cast<double>(logits[i]) - highest) / plain,
                 how.certainty ? certainty(logits) : Certainty{}};
  };
  if (how.temperature == 0 || !(plain > 0)) return drawn(top);

  std::vector<double> p(n);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i)
    total += p[i] = std::exp((static_cast<double>(logits[i]) - highest) / how.temperature);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (how.top_p < 1) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
    double reached = 0;
    std::size_t keep = 0;
    while (keep < n && reached < how.top_p * total) reached += p[order[keep++]];
    order.resize(std::max<std::size_t>(keep, 1));
    total = reached;
  }
  double left = unit * total;
  for (const std::size_t i : order) {
    left -= p[i];
    if (left < 0) return drawn(i);
  }
  // Rounding has left something: the last token that can be drawn.
  const auto last = std::find_if(order.rbegin(), order.rend(), [&](std::size_t i) { return p[i] > 0; });
  return drawn(last == order.rend() ? top : *last);
}

/// What the network says of a token that is given: at temperature 1, and where it was asked for how sure it was.
struct Judged {
  double nats = 0;  ///< -log of its probability
  Certainty sure{};
};

/// This is how every backend in the host's memory judges.
template <class R>
[[nodiscard]] Judged judge_token(std::span<const R> logits, Token token, bool with_certainty) {
  return {surprise(logits, static_cast<std::size_t>(token)), with_certainty ? certainty(logits) : Certainty{}};
}

}  // namespace ordo
