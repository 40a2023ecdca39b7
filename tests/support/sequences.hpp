#pragma once
// All sequences of a tiny vocabulary, and whether samples follow given probabilities.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <ordo/core/slot.hpp>

namespace ordo {

/// All V^T sequences.
inline std::vector<std::vector<Token>> all_sequences(Token vocab, int length) {
  std::vector<std::vector<Token>> all = {{}};
  for (int t = 0; t < length; ++t) {
    std::vector<std::vector<Token>> longer;
    for (const auto& s : all) {
      for (Token v = 0; v < vocab; ++v) {
        longer.push_back(s);
        longer.back().push_back(v);
      }
    }
    all = std::move(longer);
  }
  return all;
}

/// Pearson's chi-square of samples against probabilities, as a z score (Wilson and Hilferty 1931). Rare sequences
/// share a cell, so that each cell expects 5 samples or more (Cochran 1954). Infinite for what should never happen.
inline double chi_square_z(const std::vector<std::vector<Token>>& samples,
                           const std::map<std::vector<Token>, double>& expected) {
  std::map<std::vector<Token>, double> count;
  for (const auto& s : samples) {
    if (!expected.contains(s)) return std::numeric_limits<double>::infinity();
    count[s] += 1;
  }
  std::vector<std::pair<double, double>> all;  // expected, found
  for (const auto& [sequence, p] : expected) all.emplace_back(p * static_cast<double>(samples.size()), count[sequence]);
  std::sort(all.begin(), all.end());
  std::vector<std::pair<double, double>> cells{{0, 0}};
  for (const auto& [e, found] : all) {
    if (cells.back().first >= 5) cells.emplace_back(0, 0);
    cells.back().first += e;
    cells.back().second += found;
  }
  double chi = 0;
  for (const auto& [e, found] : cells) chi += (found - e) * (found - e) / e;
  const double freedom = static_cast<double>(cells.size()) - 1;
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi / freedom) - (1 - spread)) / std::sqrt(spread);
}

}  // namespace ordo
