#pragma once
// All sequences of a tiny vocabulary, and whether samples follow given probabilities.

#include <cmath>
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

/// Pearson's chi-square of samples against probabilities, as a z score (Wilson and Hilferty 1931).
inline double chi_square_z(const std::vector<std::vector<Token>>& samples,
                           const std::map<std::vector<Token>, double>& expected) {
  std::map<std::vector<Token>, double> count;
  for (const auto& s : samples) count[s] += 1;
  double chi = 0;
  double cells = -1;
  for (const auto& [sequence, p] : expected) {
    const double e = p * static_cast<double>(samples.size());
    chi += (count[sequence] - e) * (count[sequence] - e) / e;
    cells += 1;
  }
  const double spread = 2 / (9 * cells);
  return (std::cbrt(chi / cells) - (1 - spread)) / std::sqrt(spread);
}

}  // namespace ordo
