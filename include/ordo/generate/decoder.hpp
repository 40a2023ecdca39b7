#pragma once
// Steps several sequences through a network as their samplers ask: what sampling and the scores that follow a
// sampler share. One forward pass a step for all of them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/generate/decoding_pass.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

/// One sequence on its way: what is known of it, and what its sampler asks next.
template <Sampler S>
struct Draft {
  std::vector<Token> tokens;  ///< (T) shown only where they are known
  Known known;
  S sampler;
  SampleStep step{};          ///< what the sampler asked for last
  std::vector<Slot> kept{};   ///< all final slots so far
  std::int32_t computed = 0;  ///< how many of them a pass has computed
  bool done = false;

  void reveal(std::int32_t position, Token token) {
    tokens[static_cast<std::size_t>(position)] = token;
    known[static_cast<std::size_t>(position)] = 1;
  }
  void hide(std::int32_t position) {
    tokens[static_cast<std::size_t>(position)] = absent;
    known[static_cast<std::size_t>(position)] = 0;
  }
};

/// Runs drafts of one network, all at once. Final slots are computed once, their keys and values cached; without the
/// cache everything is computed anew in each step, which is slower and gives the same (for checking).
template <Backend B, Sampler S>
class Decoder {
 public:
  using Rule = std::remove_cvref_t<decltype(std::declval<S&>().rule())>;

  Decoder(const Network<B>& network, bool use_cache) : network_(network), use_cache_(use_cache), pass_(network) {}

  /// Begins with these sequences, in place of those before.
  void start(std::vector<Draft<S>> drafts) {
    drafts_ = std::move(drafts);
    pass_.drop_cache();
  }
  [[nodiscard]] std::vector<Draft<S>>& drafts() { return drafts_; }

  /// One step of every draft that is not done; false if all are. A token is drawn for each prediction. Which are
  /// revealed is the caller's:
  ///
  /// - `prepare(i)`: draft i's step is filled. May take targets away from its temporary slots. Returns false if the
  ///   network need not run for this draft now; it does not either where nothing is left to predict.
  /// - `unit(i)`: what the token of draft i's next prediction is drawn by, in [0, 1); asked for before the pass
  /// - `take(i, target, drawn)`: token `target` of draft i as it was drawn, its final slots' predictions first.
  ///
  /// Logits stay where the backend's memory is.
  template <class Prepare, class Unit, class Take>
  [[nodiscard]] bool draw(const DrawOptions& how, Prepare&& prepare, Unit&& unit, Take&& take) {
    const auto run = [&] {
      units_.clear();
      for (const auto& target : targets_) units_.push_back(unit(target.first));
      return pass_.draw_tokens(batch_, units_, how);
    };
    return step(prepare, run, take);
  }
  /// The same, where each token is given and judged.
  ///
  /// - `token(i, target)`: token `target` of draft i; asked for before the pass
  /// - `take(i, target, judged)`.
  template <class Prepare, class Given, class Take>
  [[nodiscard]] bool judge(bool with_certainty, Prepare&& prepare, Given&& token, Take&& take) {
    const auto run = [&] {
      judged_.clear();
      for (const auto& target : targets_) judged_.push_back(token(target.first, target.second));
      return pass_.judge_tokens(batch_, judged_, with_certainty);
    };
    return step(prepare, run, take);
  }
  /// Whether the last step ran the network.
  [[nodiscard]] bool ran() const { return ran_; }

 private:
  /// take(i, target, got) for what `run()` gets of each prediction of a step; false if all drafts are done.
  template <class Prepare, class Run, class Take>
  bool step(Prepare& prepare, const Run& run, Take& take) {
    const bool working = lay_out_step(prepare);
    if (!ran_) return working;
    open_cache();
    const auto got = run();
    keep_computed();
    for (std::size_t row = 0; row < targets_.size(); ++row) take(targets_[row].first, targets_[row].second, got[row]);
    return working;
  }

  /// The batch of a step; false if all drafts are done.
  template <class Prepare>
  bool lay_out_step(Prepare& prepare) {
    batch_.clear();
    lanes_.clear();
    targets_.clear();
    bool working = false;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      Draft<S>& draft = drafts_[i];
      if (draft.done) continue;
      if (!draft.sampler.next(draft.known, draft.step)) {
        draft.done = true;
        continue;
      }
      working = true;
      const bool runs = prepare(i) && asks(draft.step);
      if (runs) lay_out(i);
      for (Slot slot : draft.step.keep) {
        slot.target = absent;
        draft.kept.push_back(slot);
      }
      if (runs) draft.computed = static_cast<std::int32_t>(draft.kept.size());
    }
    ran_ = batch_.predictions() > 0;
    return working;
  }

  [[nodiscard]] static bool asks(const SampleStep& step) {
    const auto predicts = [](const Slot& slot) { return slot.predicts(); };
    return std::any_of(step.keep.begin(), step.keep.end(), predicts) ||
           std::any_of(step.temporary.begin(), step.temporary.end(), predicts);
  }

  /// Throws where a sampler asks for a token that is known, or for one twice: it would be drawn, or counted, twice.
  void check_targets(const Known& known, std::size_t first) {
    asked_.assign(known.begin(), known.end());
    for (std::size_t t = first; t < targets_.size(); ++t) {
      const std::int32_t target = targets_[t].second;
      require(target >= 0 && static_cast<std::size_t>(target) < asked_.size(), "sampling",
              "the sampler asks for token ", target, " of ", asked_.size());
      char& asked = asked_[static_cast<std::size_t>(target)];
      require(asked == 0, "sampling", "the sampler asks for token ", target,
              ", which is known or asked for already; each step must ask for unknown tokens, each once");
      asked = 1;
    }
  }

  /// Slots that are kept but not computed yet (no step ran since), then those of the step.
  void lay_out(std::size_t i) {
    Draft<S>& draft = drafts_[i];
    const std::int32_t first = use_cache_ ? draft.computed : 0;
    slots_.assign(draft.kept.begin() + first, draft.kept.end());
    slots_.insert(slots_.end(), draft.step.keep.begin(), draft.step.keep.end());
    slots_.insert(slots_.end(), draft.step.temporary.begin(), draft.step.temporary.end());
    const std::size_t first_target = targets_.size();
    for (const Slot& slot : slots_) {
      if (slot.predicts()) targets_.emplace_back(i, slot.target);
    }
    check_targets(draft.known, first_target);
    tokens_ = draft.tokens;
    std::replace(tokens_.begin(), tokens_.end(), absent, Token{0});  // never shown: only targets ask for them
    batch_.add(slots_, draft.sampler.rule(), tokens_, network_.config(), i, first);
    lanes_.push_back(i);
  }

  /// Before a pass. Samplers that keep nothing (diffusion) need no cache.
  void open_cache() {
    const bool keeps =
        std::any_of(lanes_.begin(), lanes_.end(), [&](std::size_t i) { return drafts_[i].computed > 0; });
    if (use_cache_ && keeps && pass_.cache() == nullptr) pass_.make_cache(drafts_.size(), cache_slots());
    if (pass_.cache() != nullptr) pass_.cache()->set_lanes(lanes_);
  }
  /// After it.
  void keep_computed() {
    if (pass_.cache() == nullptr) return;
    for (const std::size_t i : lanes_) pass_.cache()->keep(i, drafts_[i].computed - pass_.cache()->kept(i));
  }

  /// Room for every slot that may be kept or shown: policies of the library lay out at most two per token, and one
  /// for the start.
  [[nodiscard]] std::int64_t cache_slots() const {
    std::int64_t most = 0;
    for (const Draft<S>& draft : drafts_) {
      const auto now = static_cast<std::int64_t>(draft.kept.size() + draft.step.temporary.size());
      most = std::max({most, now, 2 * static_cast<std::int64_t>(draft.tokens.size()) + 1});
    }
    return most;
  }

  const Network<B>& network_;
  bool use_cache_;
  bool ran_ = false;
  std::vector<Draft<S>> drafts_;
  DecodingPass<B, Rule> pass_;
  Batch<Rule> batch_;
  std::vector<std::size_t> lanes_;                             // (B) the draft of each sequence of the batch
  std::vector<std::pair<std::size_t, std::int32_t>> targets_;  // (P) draft and token of each prediction
  std::vector<double> units_;                                  // (P) what each is drawn by
  std::vector<Token> judged_;                                  // (P) or the token that is given
  Known asked_;
  std::vector<Slot> slots_;
  std::vector<Token> tokens_;
};

}  // namespace ordo
