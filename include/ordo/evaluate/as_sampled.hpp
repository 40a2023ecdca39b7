#pragma once
// The exact score of a text as a sampler would sample it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/evaluate/aggregate.hpp>
#include <ordo/evaluate/options.hpp>
#include <ordo/evaluate/revealing.hpp>
#include <ordo/evaluate/score.hpp>
#include <ordo/evaluate/sequence_nats.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

/// In place of a policy: the policy's sampler, which reveals in this way. `policy` may be one whose plans are only a
/// bound, or only train: what is scored is what its sampler samples.
template <Factorization F>
struct AsSampled {
  F policy{};
  Revealing revealing{};

  [[nodiscard]] constexpr Claim claim() const { return Claim::exact; }
  [[nodiscard]] std::string name() const { return policy.name() + " (" + revealing.name() + ")"; }
  [[nodiscard]] Known given(Shape shape) const requires GivesTokens<F> { return policy.given(shape); }
  void check(Shape shape) const { check_shape(policy, shape); }
};
template <class F>
AsSampled(F) -> AsSampled<F>;
template <class F>
AsSampled(F, Revealing) -> AsSampled<F>;

/// Scores `data` exactly, as `rule` samples it; see SequenceScorer. One forward pass for each `per_step` tokens, so it
/// takes T / per_step passes where a plan takes one. `window_nats`, where given, receives each scored
/// window's nats. Throws an Error where the policy draws its order.
template <Backend B, Factorization F>
[[nodiscard]] Score evaluate(const Network<B>& network, const Windows& data, const AsSampled<F>& rule,
                             const EvaluateOptions& options = {}, std::vector<double>* window_nats = nullptr) {
  const Windows scored = detail::windows_to_score(network.config(), data, rule, options);
  std::vector<double> loss(scored.size(), 0.0);
  SequenceScorer<B, F> scorer(network, rule.policy, rule.revealing, options);
  std::vector<Token> tokens;
  for (std::size_t w = 0; w < scored.size(); ++w) {
    scored.copy(w, tokens);
    scorer.add(tokens, given_of(rule.policy, Shape{scored.length(w)}), &loss[w]);
  }
  scorer.run();
  if (window_nats != nullptr) *window_nats = loss;
  Score score = detail::score_of(scored, loss, 1, rule);
  // Under an order of its own a policy is scored as its sampler samples it, which need not be what its plans say.
  if (!scorer.any_order())
    score.policy = rule.policy.name() + (rule.policy.claim() == Claim::exact ? "" : " (as sampled)");
  return score;
}

}  // namespace ordo
