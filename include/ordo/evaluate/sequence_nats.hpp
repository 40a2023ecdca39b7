#pragma once
// The exact likelihood of sequences under a sampler whose order is a function of what it has revealed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/evaluate/options.hpp>
#include <ordo/evaluate/revealing.hpp>
#include <ordo/generate/decoder.hpp>
#include <ordo/generate/unmask.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

/// Gathers sequences until a pass is full, then credits each one's -log p [nats] to its place.
///
/// The sampler is run as in `generate`, but each token that it reveals is the true one, and its negative log
/// probability counts: at temperature 1, without nucleus and without hiding again. That is the exact likelihood of what
/// the sampler samples (DUEL, Turok et al. 2026, arXiv:2603.01367), which is not the bound that masked diffusion is
/// trained on. Where the policy has an order of its own, it is followed. In single precision the last bits of the
/// logits may decide a near tie between two tokens, and another batch size can change them.
template <Backend B, Factorization F>
class SequenceScorer {
 public:
  /// The arguments must outlive this.
  SequenceScorer(const Network<B>& network, const F& policy, const Revealing& revealing, const EvaluateOptions& options)
      : network_(network), policy_(policy), revealing_(revealing), options_(options), decoder_(network, true) {
    revealing.check();
    options.check();
  }

  /// Scores the tokens that are not known, given those that are.
  void add(std::vector<Token> tokens, const Known& known, double* credit) {
    check(tokens, known);
    const auto length = static_cast<std::int64_t>(tokens.size());
    if (slots_ > 0 && slots_ + length > options_.template pass_slots<B>()) run();
    const RandomChoices untouched(0, Purpose::scoring, 0);
    RandomChoices choices = untouched;
    drafts_.push_back(
        {std::move(tokens), known, sampler_of(policy_, {static_cast<std::int32_t>(length)}, known, choices)});
    require(
        choices == untouched, "evaluate", "the factorization ", policy_.name(),
        " draws the order that it samples in, so a sequence has no single way to come about; score it by its plans");
    credits_.push_back(credit);
    slots_ += length;
  }
  void run() {
    candidates_.assign(drafts_.size(), {});
    decoder_.start(std::exchange(drafts_, {}));
    const auto prepare = [&](std::size_t i) { return prepare_step(decoder_.drafts()[i].step); };
    const auto token = [&](std::size_t i, std::int32_t target) {
      return decoder_.drafts()[i].tokens[static_cast<std::size_t>(target)];
    };
    const auto take = [&](std::size_t i, std::int32_t target, const Judged& judged) {
      candidates_[i].push_back({.target = target, .token = token(i, target), .sure = judged.sure, .nats = judged.nats});
    };
    while (!stopped() && decoder_.judge(ranks_predictions(unmask()), prepare, token, take)) {
      require(decoder_.ran(), "evaluate", "the sampler of ", policy_.name(), " asks for nothing, but is not done");
      for (std::size_t i = 0; i < candidates_.size(); ++i) reveal(i);
    }
    credits_.clear();
    slots_ = 0;
  }
  /// Whether a sampler left the order to this.
  [[nodiscard]] bool any_order() const { return any_order_; }

 private:
  [[nodiscard]] Unmask unmask() const { return unmask_of(revealing_.order); }
  [[nodiscard]] bool stopped() const {
    if (options_.stop.stop_requested()) throw Stopped("[ordo] evaluate: stopped before the score was complete");
    return false;
  }

  bool prepare_step(SampleStep& step) {
    if (!step.any_subset) {
      require(any_order_ || revealing_ == Revealing{}, "evaluate", "'", revealing_.name(),
              "' is for factorizations that may reveal any of the hidden tokens in a step, and ", policy_.name(),
              " has an order of its own");
      return true;
    }
    any_order_ = true;
    std::vector<std::size_t> hidden = eligible(step.temporary, revealing_.block);
    if (!ranks_predictions(unmask())) {
      const auto& slots = step.temporary;
      std::sort(hidden.begin(), hidden.end(), [&](auto a, auto b) { return slots[a].target < slots[b].target; });
      hidden.resize(std::min(hidden.size(), static_cast<std::size_t>(revealing_.per_step)));
    }
    predict_only(step.temporary, hidden);
    return true;
  }

  void reveal(std::size_t i) {
    auto& draft = decoder_.drafts()[i];
    std::vector<Candidate>& candidates = candidates_[i];
    if (draft.step.any_subset) {
      sort_by_rank(unmask(), candidates);
      candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(revealing_.per_step)));
    }
    for (const Candidate& candidate : candidates) {
      *credits_[i] += candidate.nats;
      draft.reveal(candidate.target, candidate.token);
    }
    candidates.clear();
  }

  void check(std::span<const Token> tokens, const Known& known) const {
    const ModelConfig& config = network_.config();
    require(tokens.size() <= static_cast<std::size_t>(config.context), "evaluate", "a sequence of ", tokens.size(),
            " tokens is longer than the network's context of ", config.context);
    require(known.size() == tokens.size(), "evaluate", "each token is known or not: there are ", tokens.size(),
            " tokens (got ", known.size(), " marks)");
    for (const Token t : tokens) {
      require(t >= 0 && t < config.vocab, "evaluate", "token ids must be in 0 .. ", config.vocab - 1, " (got ", t, ")");
    }
  }

  const Network<B>& network_;
  const F& policy_;
  const Revealing& revealing_;
  const EvaluateOptions& options_;
  Decoder<B, SamplerOf<F>> decoder_;
  std::vector<Draft<SamplerOf<F>>> drafts_;         // of the next run
  std::vector<double*> credits_;                    // one for each draft
  std::vector<std::vector<Candidate>> candidates_;  // of the step, one list for each draft
  std::int64_t slots_ = 0;
  bool any_order_ = false;
};

/// -log p [nats] of each sequence's tokens that are not known, given those that are, under the policy's own sampler;
/// see SequenceScorer. `known`: for each sequence which tokens are given; empty: none of any. Takes batch_slots and
/// stop of the options.
template <Backend B, Factorization F>
[[nodiscard]] std::vector<double> sequence_nats(const Network<B>& network, const F& policy, const Revealing& revealing,
                                                std::span<const std::vector<Token>> sequences,
                                                std::span<const Known> known = {},
                                                const EvaluateOptions& options = {}) {
  require(known.empty() || known.size() == sequences.size(), "evaluate", "there are ", sequences.size(),
          " sequences, but what is known is said of ", known.size());
  std::vector<double> nats(sequences.size(), 0.0);
  SequenceScorer<B, F> scorer(network, policy, revealing, options);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    scorer.add(sequences[i], known.empty() ? Known(sequences[i].size(), 0) : known[i], &nats[i]);
  }
  scorer.run();
  return nats;
}

}  // namespace ordo
