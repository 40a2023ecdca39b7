#pragma once
// A score with its errors and with what it is: a likelihood, or a bound on one.

#include <cstdint>
#include <ostream>
#include <string>

#include <ordo/core/claim.hpp>

namespace ordo {

/// What `evaluate` found. A bound is never printed as if it were a likelihood.
///
/// error_over_documents needs several texts to see how much they differ. Where the scored text is fewer than
/// `fewest_documents` documents, windows take their place. Windows of one text resemble each other, so that error is
/// then rather too small. `by_document` and the printed line say which it is.
struct Score {
  static constexpr std::int64_t fewest_documents = 8;  ///< with fewer, error_over_documents is over windows

  double nats_per_token = 0;        ///< mean negative log-likelihood, or the bound on it
  double error_over_draws = 0;      ///< standard error from the policy's random draws; 0 if exact, NaN for one draw
  double error_over_documents = 0;  ///< standard error from the choice of texts, over `units`; NaN for one unit
  Claim claim = Claim::exact;       ///< exact, or an upper bound
  std::int64_t tokens = 0;          ///< tokens scored
  int draws = 1;                    ///< draws of the policy for each window
  std::int64_t units = 0;           ///< how many documents or windows error_over_documents is over
  bool by_document = false;         ///< the units are documents (there are 8 or more), else windows
  double bits_per_byte = 0;         ///< 0 where the number of bytes is not known
  std::string policy{};             ///< the factorization that was scored

  [[nodiscard]] bool exact() const { return claim == Claim::exact; }
  /// The standard error of nats_per_token. A unit's own number varies by its draws too, so that the error over units
  /// holds both; the one over draws stands in where there is a single unit.
  [[nodiscard]] double error() const { return units > 1 ? error_over_documents : error_over_draws; }
};

/// One line: "2.0763 +- 0.0031 (draws) +- 0.0121 (256 windows) nats/token, upper bound, ...".
inline std::ostream& operator<<(std::ostream& out, const Score& score) {
  const auto flags = out.flags();
  const auto precision = out.precision();
  out.setf(std::ios::fixed, std::ios::floatfield);
  out.precision(4);
  out << score.nats_per_token;
  if (!score.exact()) out << " +- " << score.error_over_draws << " (draws)";
  out << " +- " << score.error_over_documents << " (" << score.units << (score.by_document ? " document" : " window")
      << (score.units == 1 ? "" : "s") << ") nats/token, ";
  out << (score.exact() ? "exact" : "upper bound");
  if (score.bits_per_byte > 0) out << ", " << score.bits_per_byte << " bits/byte";
  out << ", " << score.policy << ", " << score.tokens << " tokens";
  if (!score.exact()) out << ", " << score.draws << " draws";
  out.flags(flags);
  out.precision(precision);
  return out;
}

}  // namespace ordo
