#pragma once
// Law 3: with the best possible predictor, the loss is what the policy claims of it.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include <ordo/core/claim.hpp>

#include <laws/draws.hpp>
#include <laws/joint_table.hpp>
#include <laws/predictor.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

/// -log p(scored | given) of every sequence.
inline std::vector<double> true_nats(const JointTable& table, const Known& given) {
  std::map<std::size_t, double> given_probability;
  for (std::size_t x = 0; x < table.size(); ++x) {
    given_probability[table.given_part(x, given)] += table.probability(x);
  }
  std::vector<double> nats;
  for (std::size_t x = 0; x < table.size(); ++x) {
    nats.push_back(std::log(given_probability.at(table.given_part(x, given)) / table.probability(x)));
  }
  return nats;
}

/// exact: each draw's loss on each sequence is -log p(scored | given). order average: the mean over draws is, on
/// each sequence (the table predicts alike in every order, so all orders give the same). bound: the mean over draws
/// and sequences is at least the entropy.
template <class F>
Report truth(const F& policy, Shape shape, Token vocab, std::uint64_t seed) {
  constexpr double tolerance = 1e-6;  // relative: weights are single precision
  Report report;
  const Claim claim = policy.claim();
  if (claim == Claim::training_only) return report;
  const JointTable table(vocab, shape.length, seed);
  const auto draws = draws_of(policy, shape);
  const BestPredictor best(table, draws);
  const auto nats = losses_of(table, draws, best);
  const auto mean = mean_over_draws(draws, nats);
  const auto expected = true_nats(table, given_tokens(policy, shape));
  double entropy = 0;
  double mean_loss = 0;
  for (std::size_t x = 0; x < table.size(); ++x) {
    const double allowed = tolerance * (1 + expected[x]);
    if (claim == Claim::exact) {
      for (std::size_t d = 0; d < draws.size(); ++d) {
        report.expect_near(nats[d][x], expected[x], allowed, "nats of sequence ", x, " in draw ", d);
      }
    } else if (claim == Claim::order_average) {
      report.expect_near(mean[x], expected[x], allowed, "mean nats of sequence ", x);
    }
    entropy += table.probability(x) * expected[x];
    mean_loss += table.probability(x) * mean[x];
  }
  if (!(mean_loss >= entropy - tolerance * (1 + entropy))) {
    report.fault("mean loss ", mean_loss, " below the entropy ", entropy);
  }
  return report;
}

}  // namespace ordo::laws
