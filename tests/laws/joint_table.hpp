#pragma once
// A small random joint distribution over V^T sequences, known exactly.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/core/rng.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>

namespace ordo::laws {

class JointTable {
 public:
  /// Uniform on the simplex: independent exponentials, divided by their sum.
  JointTable(Token vocab, std::int32_t length, std::uint64_t seed) : vocab_(vocab), length_(length) {
    std::size_t count = 1;
    for (std::int32_t i = 0; i < length; ++i) count *= static_cast<std::size_t>(vocab);
    Stream stream(seed, Purpose::test, 0);
    double total = 0;
    for (std::size_t x = 0; x < count; ++x) {
      probability_.push_back(-std::log(stream.unit()));
      total += probability_.back();
    }
    for (double& p : probability_) p /= total;
  }

  [[nodiscard]] Token vocab() const { return vocab_; }
  [[nodiscard]] std::int32_t length() const { return length_; }
  /// How many sequences there are; they are numbered in base V.
  [[nodiscard]] std::size_t size() const { return probability_.size(); }
  [[nodiscard]] double probability(std::size_t x) const { return probability_[x]; }
  [[nodiscard]] std::vector<Token> tokens(std::size_t x) const {
    std::vector<Token> t(static_cast<std::size_t>(length_));
    for (Token& value : t) {
      value = static_cast<Token>(x % static_cast<std::size_t>(vocab_));
      x /= static_cast<std::size_t>(vocab_);
    }
    return t;
  }
  /// The same number for all sequences that agree on the given tokens.
  [[nodiscard]] std::size_t given_part(std::size_t x, const Known& given) const {
    std::size_t part = 0;
    const auto t = tokens(x);
    for (std::size_t i = 0; i < t.size(); ++i) {
      part = part * static_cast<std::size_t>(vocab_) + (given[i] != 0 ? static_cast<std::size_t>(t[i]) : 0);
    }
    return part;
  }

 private:
  Token vocab_;
  std::int32_t length_;
  std::vector<double> probability_;
};

}  // namespace ordo::laws
