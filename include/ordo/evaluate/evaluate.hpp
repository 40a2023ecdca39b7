#pragma once
// Scoring: nats per token of a text under a network and a factorization, with errors.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/error.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/evaluate/aggregate.hpp>
#include <ordo/evaluate/options.hpp>
#include <ordo/evaluate/plan_scorer.hpp>
#include <ordo/evaluate/score.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/transformer.hpp>

namespace ordo {

namespace detail {

/// The loss [nats] of draw d of window w at w * draws + d, so that a window's draws are consecutive samples of the
/// low-discrepancy sequence.
template <Backend B, Factorization F>
[[nodiscard]] std::vector<double> plan_losses(const Network<B>& network, const Windows& windows, const F& policy,
                                              int draws, const EvaluateOptions& options) {
  std::vector<double> loss(windows.size() * static_cast<std::size_t>(draws), 0.0);
  PlanScorer<B, typename F::Rule> scorer(network, options.pass_slots<B>());
  std::vector<Token> tokens;
  std::vector<Slot> slots;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    windows.copy(w, tokens);
    for (int d = 0; d < draws; ++d) {
      if (options.stop.stop_requested()) throw Stopped("[ordo] evaluate: stopped before the score was complete");
      const std::size_t n = w * static_cast<std::size_t>(draws) + static_cast<std::size_t>(d);
      RandomChoices choices(options.seed, Purpose::scoring, n);
      slots.clear();
      const auto rule = policy.plan(Shape{windows.length(w)}, choices, slots);
      scorer.add(slots, rule, tokens, n, &loss[n]);
    }
  }
  scorer.run();
  return loss;
}

}  // namespace detail

/// Scores `data` under `policy`, which need not be the one that the network was trained under: mean over windows
/// of -log p (exact policies) or of the policy's bound, over `options.draws` draws for each window. Draw d of
/// window w is the same whatever the batch or the number of threads. With low-discrepancy levels
/// error_over_draws is conservative: it ignores that a window's draws are spread evenly. `window_nats`, where given,
/// receives each scored window's nats, the mean over its draws: two scores of the same windows can then be compared
/// window by window.
template <Backend B, Factorization F>
[[nodiscard]] Score evaluate(const Network<B>& network, const Windows& data, const F& policy,
                             const EvaluateOptions& options = {}, std::vector<double>* window_nats = nullptr) {
  static_assert(!TrainingOnly<F>, "[ordo] this factorization may only train: its loss bounds no likelihood");
  require(policy.claim() != Claim::training_only, "evaluate", "the factorization ", policy.name(),
          " may only train: its loss bounds no likelihood");
  const Windows scored = detail::windows_to_score(network.config(), data, policy, options);
  const int draws = policy.claim() == Claim::exact ? 1 : options.draws;
  const std::vector<double> loss = detail::plan_losses(network, scored, policy, draws, options);
  if (window_nats != nullptr) {
    window_nats->assign(scored.size(), 0.0);
    for (std::size_t n = 0; n < loss.size(); ++n) {
      (*window_nats)[n / static_cast<std::size_t>(draws)] += loss[n] / draws;
    }
  }
  return detail::score_of(scored, loss, draws, policy);
}

/// Scores a model under its own factorization, or under the one that this asks to be scored as: a network trained
/// over N orderings is scored left to right, exactly.
template <Factorization F, Backend B>
[[nodiscard]] Score evaluate(const Transformer<F, B>& model, const Windows& data, const EvaluateOptions& options = {}) {
  if constexpr (ScoredAsAnother<F>) {
    return evaluate(model.network(), data, model.factorization().scored_as(), options);
  } else {
    return evaluate(model.network(), data, model.factorization(), options);
  }
}

}  // namespace ordo
