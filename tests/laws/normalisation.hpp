#pragma once
// Law 5, with a random table in the network's place: a loss is the logarithm of a probability.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>

#include <laws/draws.hpp>
#include <laws/joint_table.hpp>
#include <laws/predictor.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

/// exact: in each draw, exp(-loss) adds up to 1 over the scored tokens. Otherwise exp(-mean loss) adds up to at
/// most 1: the mean of logarithms is below the logarithm of the mean.
template <class F>
Report normalisation(const F& policy, Shape shape, Token vocab, std::uint64_t seed) {
  constexpr double tolerance = 1e-5;
  Report report;
  const Claim claim = policy.claim();
  if (claim == Claim::training_only) return report;
  const JointTable table(vocab, shape.length, seed);  // its probabilities are not used
  const Known given = given_tokens(policy, shape);
  const auto draws = draws_of(policy, shape);
  RandomPredictor predictor(vocab, seed);
  const auto nats = losses_of(table, draws, predictor);
  const auto total = [&](const std::vector<double>& loss) {
    std::map<std::size_t, double> sum;  // one for each value of the given tokens
    for (std::size_t x = 0; x < table.size(); ++x) sum[table.given_part(x, given)] += std::exp(-loss[x]);
    return sum;
  };
  if (claim == Claim::exact) {
    for (std::size_t d = 0; d < draws.size(); ++d) {
      for (const auto& [part, sum] : total(nats[d])) {
        report.expect_near(sum, 1, tolerance, "probabilities in draw ", d, " add up");
      }
    }
  } else {
    for (const auto& [part, sum] : total(mean_over_draws(draws, nats))) {
      if (!(sum <= 1 + tolerance)) report.fault("probabilities add up to ", sum, ", at most 1");
    }
  }
  return report;
}

}  // namespace ordo::laws
