#pragma once
// From logits to a token: temperature, nucleus, and a draw in double.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <ordo/core/rng.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// A sampled token and the probability that the network gave it (at temperature 1, before the nucleus).
struct Chosen {
  Token token = 0;
  double probability = 0;
};

/// Draws from softmax(logits / temperature) cut to the smallest set of tokens whose probability reaches `top_p`
/// (Holtzman et al. 2019, arXiv:1904.09751). Temperature 0 takes the most probable token, the first on a tie.
template <class R>
[[nodiscard]] Chosen choose(std::span<const R> logits, double temperature, double top_p, Stream& stream) {
  const std::size_t n = logits.size();
  const auto top = static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  const auto highest = static_cast<double>(logits[top]);
  double plain = 0;
  for (const R x : logits) plain += std::exp(static_cast<double>(x) - highest);
  const auto chosen = [&](std::size_t i) {
    return Chosen{static_cast<Token>(i), std::exp(static_cast<double>(logits[i]) - highest) / plain};
  };
  if (temperature == 0) return chosen(top);

  std::vector<double> p(n);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i)
    total += p[i] = std::exp((static_cast<double>(logits[i]) - highest) / temperature);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (top_p < 1) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
    double reached = 0;
    std::size_t keep = 0;
    while (keep < n && reached < top_p * total) reached += p[order[keep++]];
    order.resize(std::max<std::size_t>(keep, 1));
    total = reached;
  }
  double left = stream.unit() * total;
  for (const std::size_t i : order) {
    left -= p[i];
    if (left < 0) return chosen(i);
  }
  return chosen(order.back());  // rounding
}

}  // namespace ordo
