#pragma once
// What answering multiple-choice tasks gave, with its errors and how it was done.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <string>

#include <ordo/core/claim.hpp>

namespace ordo {

/// A share of successes with an interval that holds the true share in 95 % of samples (Wilson 1927: unlike the normal
/// interval it stays in [0, 1], and does not shrink to nothing at 0 or 1).
struct Proportion {
  std::int64_t successes = 0;
  std::int64_t trials = 0;

  [[nodiscard]] double share() const { return static_cast<double>(successes) / static_cast<double>(trials); }
  [[nodiscard]] double low() const { return std::max(0.0, centre() - half()); }
  [[nodiscard]] double high() const { return std::min(1.0, centre() + half()); }

 private:
  static constexpr double z = 1.959963984540054;  // 97.5 % of a standard normal lies below
  [[nodiscard]] double centre() const {
    const auto n = static_cast<double>(trials);
    return (static_cast<double>(successes) + z * z / 2) / (n + z * z);
  }
  [[nodiscard]] double half() const {
    const auto n = static_cast<double>(trials);
    const double p = share();
    return z * std::sqrt(n * p * (1 - p) + z * z / 4) / (n + z * z);
  }
};

/// Accuracies are shares of tasks whose labelled choice was taken; the error is that of the choice of tasks.
struct ChoiceScore {
  Proportion accuracy{};       ///< by the nats of the whole choice, or by exact match (greedy)
  Proportion per_token{};      ///< by nats per token of the choice; no trials where nothing was compared (greedy)
  std::string method{};        ///< "likelihood", "left-to-right", "bound" or "greedy"
  Claim claim = Claim::exact;  ///< of the numbers that were compared
  int draws = 1;               ///< of each choice
  std::string policy{};        ///< the factorization
};

/// One line: "0.5625 [0.4412, 0.6766] accuracy, 0.6094 [...] per token, likelihood, exact, ltr, 64 tasks".
inline std::ostream& operator<<(std::ostream& out, const ChoiceScore& score) {
  const auto flags = out.flags();
  const auto precision = out.precision();
  out.setf(std::ios::fixed, std::ios::floatfield);
  out.precision(4);
  const auto write = [&](const Proportion& p) { out << p.share() << " [" << p.low() << ", " << p.high() << "]"; };
  write(score.accuracy);
  out << " accuracy, ";
  if (score.per_token.trials > 0) {
    write(score.per_token);
    out << " by nats per token, ";
  }
  out << score.method << ", ";
  if (score.per_token.trials > 0) {
    out << (score.claim == Claim::exact ? "exact nats, " : "upper bounds on the nats, ");
    if (score.claim != Claim::exact) out << score.draws << " draws, ";
  } else {
    out << "exact match, ";
  }
  out << score.policy << ", " << score.accuracy.trials << (score.accuracy.trials == 1 ? " task" : " tasks");
  out.flags(flags);
  out.precision(precision);
  return out;
}

}  // namespace ordo
