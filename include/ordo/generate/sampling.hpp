#pragma once
// How one sequence goes on: which tokens a step reveals, which are hidden again, and the draws.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ordo/concepts/sampler.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/generate/decoder.hpp>
#include <ordo/generate/options.hpp>
#include <ordo/generate/unmask.hpp>

namespace ordo {

/// What sampling keeps of one sequence beside its draft.
///
/// A **window** is the set of tokens that are hidden when its first step begins: the whole sequence, or one block. It
/// ends when the sampler keeps slots (their tokens are final), or when nothing of it is hidden any more. Steps are
/// counted by window.
///
/// Hiding again follows ReMDM (Wang et al. 2025, arXiv:2503.00307), and differs from it: the share is hidden before
/// the pass and not beside its draws, so that a token may come back in the same step; it is a given share instead of a
/// schedule within the bound that keeps the reverse process a posterior; and the number of hidden tokens after each
/// step is what it would be without.
class Sampling {
 public:
  /// `options` must outlive this.
  Sampling(const GenerateOptions& options, std::uint64_t n, std::size_t length)
      : options_(&options),
        unmask_(options.unmasking()),
        stream_(options.seed, Purpose::sampling, n, 1),
        member_(length, 0),
        probability_(length, 0) {}

  /// Whether a step was prepared.
  [[nodiscard]] bool begun() const { return begun_; }

  /// Before a step.
  template <Sampler S>
  void remask(Draft<S>& draft) {
    remasked_ = false;
    raised_ = 0;
    if (draft.done || options_->remask == 0 || steps_done_ == 0 || steps_done_ + 1 >= steps_) return;
    std::vector<std::int32_t> sampled;
    for (std::size_t i = 0; i < member_.size(); ++i) {
      if (member_[i] != 0 && draft.known[i] != 0) sampled.push_back(static_cast<std::int32_t>(i));
    }
    remasked_ = true;
    for (const std::int32_t i : worst(std::move(sampled))) {
      draft.hide(i);
      ++raised_;
    }
  }

  /// After the sampler has asked; returns false where this step reveals nothing.
  template <Sampler S>
  [[nodiscard]] bool prepare(Draft<S>& draft) {
    SampleStep& step = draft.step;
    begun_ = true;
    if (!step.any_subset) return true;
    std::vector<std::size_t> hidden = eligible(step.temporary, options_->block);
    begin_window(step, hidden);
    const int left = std::max(1, steps_ - steps_done_);
    ++steps_done_;
    count_ = hidden.size();
    if (left > 1) {  // the last step reveals all
      const std::size_t before = hidden.size() - std::min(raised_, hidden.size());
      count_ = (before + static_cast<std::size_t>(left) - 1) / static_cast<std::size_t>(left) + raised_;
      count_ = std::min(count_, hidden.size());
      if (!ranks_predictions(unmask_)) hidden = decide(draft, std::move(hidden), left);
    }
    predict_only(step.temporary, hidden);
    return !hidden.empty();
  }

  /// What the token of the next prediction is drawn by, in [0, 1), 0 where nothing is drawn: asked for before the pass,
  /// in the order of the predictions.
  [[nodiscard]] double unit() { return options_->temperature == 0 ? 0 : stream_.unit(); }
  /// A token that the step could reveal.
  void take(std::int32_t target, const Drawn& drawn) {
    candidates_.push_back({target, drawn.token, drawn.probability, drawn.sure});
  }

  /// After the pass.
  template <Sampler S>
  void reveal(Draft<S>& draft) {
    if (draft.step.any_subset && ranks_predictions(unmask_) && !candidates_.empty()) {
      sort_by_rank(unmask_, candidates_);
      candidates_.resize(options_->confidence_bound ? reaching(*options_->confidence_bound, unmask_, candidates_)
                         : options_->entropy_bound  ? within_entropy(*options_->entropy_bound, candidates_)
                                                    : count_);
    }
    for (const Candidate& candidate : candidates_) {
      draft.reveal(candidate.target, candidate.token);
      probability_[static_cast<std::size_t>(candidate.target)] = candidate.probability;
    }
    candidates_.clear();
  }

 private:
  void begin_window(const SampleStep& step, std::span<const std::size_t> hidden) {
    const auto target = [&](std::size_t i) { return static_cast<std::size_t>(step.temporary[i].target); };
    const bool goes_on =
        std::any_of(hidden.begin(), hidden.end(), [&](std::size_t i) { return member_[target(i)] != 0; });
    if (goes_on && step.keep.empty()) return;
    std::fill(member_.begin(), member_.end(), 0);
    for (const std::size_t i : hidden) member_[target(i)] = 1;
    steps_ = options_->steps > 0 ? options_->steps : std::max(1, static_cast<int>(hidden.size()));
    steps_done_ = 0;
  }

  /// What is revealed, where that does not depend on the logits.
  template <Sampler S>
  std::vector<std::size_t> decide(const Draft<S>& draft, std::vector<std::size_t> hidden, int left) {
    if (unmask_ == Unmask::ancestral) {
      const double t = pace(draft.sampler, static_cast<double>(left) / steps_);
      const double s = pace(draft.sampler, static_cast<double>(left - 1) / steps_);
      const double probability = 1 - s / (remasked_ ? t + options_->remask * (1 - t) : t);
      std::erase_if(hidden, [&](std::size_t) { return !(stream_.unit() < probability); });
      return hidden;
    }
    if (unmask_ == Unmask::random) {
      shuffle(hidden, count_);
    } else {
      const auto& slots = draft.step.temporary;
      std::sort(hidden.begin(), hidden.end(), [&](auto a, auto b) { return slots[a].target < slots[b].target; });
    }
    hidden.resize(count_);
    return hidden;
  }

  /// The tokens to hide again.
  std::vector<std::int32_t> worst(std::vector<std::int32_t> sampled) {
    if (unmask_ == Unmask::ancestral) {
      std::erase_if(sampled, [&](std::int32_t) { return !(stream_.unit() < options_->remask); });
      return sampled;
    }
    const auto count = static_cast<std::size_t>(std::lround(options_->remask * static_cast<double>(sampled.size())));
    if (unmask_ == Unmask::random) {
      shuffle(sampled, count);
    } else {
      std::stable_sort(sampled.begin(), sampled.end(), [&](std::int32_t a, std::int32_t b) {
        return probability_[static_cast<std::size_t>(a)] < probability_[static_cast<std::size_t>(b)];
      });
    }
    sampled.resize(count);
    return sampled;
  }

  /// The first `count` of a uniform order (Fisher and Yates).
  template <class T>
  void shuffle(std::vector<T>& all, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(all[i], all[i + stream_.below(static_cast<std::uint32_t>(all.size() - i))]);
    }
  }

  const GenerateOptions* options_;
  Unmask unmask_;
  Stream stream_;
  std::vector<char> member_;         // (T) the token belongs to the window
  std::vector<double> probability_;  // (T) when it was drawn
  bool begun_ = false;
  int steps_ = 0;  // of the window
  int steps_done_ = 0;
  bool remasked_ = false;   // before this step
  std::size_t raised_ = 0;  // tokens that were hidden again before this step
  std::size_t count_ = 0;   // tokens to reveal
  std::vector<Candidate> candidates_;
};

}  // namespace ordo
