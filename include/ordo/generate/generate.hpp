#pragma once
// Sampling sequences from a network under a factorization.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/generate/choose.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/cache.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/transformer.hpp>

namespace ordo {

/// Which hidden tokens a diffusion step reveals.
enum class Unmask : std::uint8_t {
  random,      ///< the same number in each step, drawn uniformly; one a step is any-order autoregression
  ancestral,   ///< each on its own with probability 1 - hidden(s) / hidden(t) (MDLM, arXiv:2406.07524)
  confidence,  ///< the same number in each step, those that the network is surest of (LLaDA, arXiv:2502.09992)
};

[[nodiscard]] constexpr std::string_view to_string(Unmask unmask) {
  switch (unmask) {
    case Unmask::random: return "random";
    case Unmask::ancestral: return "ancestral";
    case Unmask::confidence: return "confidence";
  }
  return "unknown";
}

struct GenerateOptions {
  int length = 0;  ///< tokens in all, the given ones included; 0: the network's context
  std::uint64_t seed = 0;
  double temperature = 1;       ///< 0: always the most probable token
  double top_p = 1;             ///< in (0, 1]; 1: no cut
  std::vector<Token> prompt{};  ///< the first tokens
  /// Or tokens anywhere: one entry per position, `absent` (-1) where a token is to be sampled. Sets the length.
  std::vector<Token> infill{};
  /// Which tokens a diffusion step reveals; none: random. Like `steps`, refused where the policy itself says which
  /// token comes next.
  std::optional<Unmask> unmask{};
  int steps = 0;           ///< diffusion steps; 0: one token a step (ancestral: as many steps as tokens)
  std::size_t first = 0;   ///< index of the first sequence: those of 0 .. 9 are those of 0 .. 4, then of 5 .. 9
  bool cache = true;       ///< false computes kept slots anew in each step: slower, for checking
  std::stop_token stop{};  ///< returns what there is when asked to stop: unknown tokens are then `absent`
  /// Called after each step with the first sequence so far (`absent` where unknown).
  std::function<void(std::span<const Token>)> on_step{};
};

namespace detail {

/// One sequence on its way: what is known, and what its policy asks next.
template <class S>
struct Draft {
  std::vector<Token> tokens;
  Known known;
  S sampler;
  Stream stream;
  SampleStep step{};
  std::vector<Slot> kept{};  ///< all final slots so far (for sampling without a cache)
  int steps_done = 0;
  int steps = 0;
  bool done = false;
};

/// Throws where settings of diffusion steps are given to a policy that reveals everything it predicts, as its first
/// step shows. Where slots that show the mask predict, another draw of the policy may unmask (a mixture): then it is
/// let pass.
template <Factorization F>
void check_settings_apply(const GenerateOptions& options, const F& policy, const SampleStep& step) {
  const Reads masks = readout_of(policy).mask;
  if (step.any_subset || masks == Reads::own || masks == Reads::next) return;
  constexpr auto why = " is for factorizations that may reveal any of the hidden tokens in a step, and ";
  require(!options.unmask, "generate", "unmask = ", to_string(options.unmask.value_or(Unmask::random)), why,
          policy.name(), " has an order of its own; leave unmask out");
  require(options.steps == 0, "generate", "steps = ", options.steps, why, policy.name(),
          " has an order of its own; leave steps out");
}

/// Leaves a target only at the slots in `reveal`.
inline void predict_only(std::vector<Slot>& slots, const std::vector<std::size_t>& reveal) {
  std::vector<char> wanted(slots.size(), 0);
  for (const std::size_t i : reveal) wanted[i] = 1;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (wanted[i] == 0) slots[i].target = absent;
  }
}

/// Decides which predictions of a step are revealed, where that does not depend on the logits. Returns false if
/// nothing is revealed, so that the network need not run.
template <class S>
bool decide_before(Draft<S>& draft, Unmask unmask) {
  std::vector<std::size_t> hidden;
  for (std::size_t i = 0; i < draft.step.temporary.size(); ++i) {
    if (draft.step.temporary[i].predicts()) hidden.push_back(i);
  }
  const int left = std::max(1, draft.steps - draft.steps_done);
  if (left == 1) return true;  // the last step reveals all
  std::vector<std::size_t> reveal;
  if (unmask == Unmask::random) {
    const std::size_t count = (hidden.size() + static_cast<std::size_t>(left) - 1) / static_cast<std::size_t>(left);
    for (std::size_t i = 0; i < count; ++i) {  // the first `count` of a shuffle (Fisher and Yates)
      const std::size_t j = i + draft.stream.below(static_cast<std::uint32_t>(hidden.size() - i));
      std::swap(hidden[i], hidden[j]);
      reveal.push_back(hidden[i]);
    }
  } else {
    const double t = static_cast<double>(left) / draft.steps;
    const double s = static_cast<double>(left - 1) / draft.steps;
    const double probability = 1 - pace(draft.sampler, s) / pace(draft.sampler, t);
    for (const std::size_t i : hidden) {
      if (draft.stream.unit() < probability) reveal.push_back(i);
    }
  }
  predict_only(draft.step.temporary, reveal);
  return !reveal.empty();
}

}  // namespace detail

/// Samples `count` sequences, all at once: memory grows with `count` (see `first` for sampling in groups). Sequence i
/// is a function of (options, i) alone, whatever `count` is. Throws an Error where the policy cannot condition on what
/// is given or has no use for `unmask` or `steps`, and where the length exceeds the network's context.
template <Backend B, Factorization F>
[[nodiscard]] std::vector<std::vector<Token>> generate(const Network<B>& network, const F& policy, std::size_t count,
                                                       const GenerateOptions& options = {}) {
  const ModelConfig& config = network.config();
  constexpr auto where = "generate";
  require(options.temperature >= 0, where, "temperature must not be negative (got ", options.temperature, ")");
  require(options.top_p > 0 && options.top_p <= 1, where, "top_p must be in (0, 1] (got ", options.top_p, ")");
  require(options.steps >= 0, where, "steps must not be negative (got ", options.steps, ")");
  require(options.length >= 0, where, "length must not be negative (got ", options.length, ")");
  require(options.prompt.empty() || options.infill.empty(), where, "give a prompt or an infill, not both");
  const std::size_t length = !options.infill.empty() ? options.infill.size()
                             : options.length > 0    ? static_cast<std::size_t>(options.length)
                                                     : static_cast<std::size_t>(config.context);
  require(length <= static_cast<std::size_t>(config.context), where, "a sequence of ", length,
          " tokens is longer than the network's context of ", config.context);
  require(options.prompt.size() <= length, where, "the prompt has ", options.prompt.size(),
          " tokens, more than the length of ", length);
  std::vector<Token> given = options.infill.empty() ? options.prompt : options.infill;
  given.resize(length, absent);
  Known known(length, 0);
  for (std::size_t i = 0; i < length; ++i) {
    require(given[i] >= absent && given[i] < config.vocab, where, "token ids must be in 0 .. ", config.vocab - 1,
            " (got ", given[i], " at position ", i, ")");
    known[i] = given[i] == absent ? 0 : 1;
  }
  const auto unknown = static_cast<int>(std::count(known.begin(), known.end(), 0));
  const Unmask unmask = options.unmask.value_or(Unmask::random);

  const Shape shape{static_cast<std::int32_t>(length)};
  RandomChoices probe(options.seed, Purpose::sampling, 0);
  using S = decltype(sampler_of(policy, shape, known, probe));
  using Rule = std::remove_cvref_t<decltype(std::declval<S&>().rule())>;
  std::vector<detail::Draft<S>> drafts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t n = options.first + i;
    RandomChoices choices(options.seed, Purpose::sampling, n);
    drafts.push_back(
        {given, known, sampler_of(policy, shape, known, choices), Stream(options.seed, Purpose::sampling, n, 1)});
    drafts.back().steps = options.steps > 0 ? options.steps : std::max(1, unknown);
  }

  // Room for every slot that may be kept or shown; policies of the library lay out at most two per token.
  std::optional<Cache<B, Rule>> cache;
  std::optional<Workspace<B>> workspace;
  std::int64_t cache_slots = 0;
  Batch<Rule> batch;
  std::vector<std::size_t> lanes;
  bool working = true;
  while (working && !options.stop.stop_requested()) {
    working = false;
    batch.clear();
    lanes.clear();
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      auto& draft = drafts[i];
      if (draft.done) continue;
      if (!draft.sampler.next(draft.known, draft.step)) {
        draft.done = true;
        continue;
      }
      working = true;
      if (draft.steps_done == 0) detail::check_settings_apply(options, policy, draft.step);
      const bool runs = !draft.step.any_subset || unmask == Unmask::confidence || detail::decide_before(draft, unmask);
      ++draft.steps_done;
      if (!runs) continue;
      lanes.push_back(i);
      std::vector<Slot> slots;
      if (!options.cache) slots = draft.kept;
      slots.insert(slots.end(), draft.step.keep.begin(), draft.step.keep.end());
      slots.insert(slots.end(), draft.step.temporary.begin(), draft.step.temporary.end());
      const std::int32_t kept = options.cache ? static_cast<std::int32_t>(draft.kept.size()) : 0;
      std::vector<Token> tokens = draft.tokens;
      std::replace(tokens.begin(), tokens.end(), absent, Token{0});  // never shown: only targets ask for them
      batch.add(slots, draft.sampler.rule(), tokens, config, i, kept);
      cache_slots = std::max(cache_slots, kept + static_cast<std::int64_t>(slots.size()));
      for (Slot slot : draft.step.keep) {
        slot.target = absent;
        draft.kept.push_back(slot);
      }
    }
    if (batch.slots() == 0) continue;
    const Capacity needed{batch.slots(), batch.predictions()};
    if (!workspace || !workspace->holds(needed)) workspace.emplace(config, needed, Pass::forward);
    // Policies that keep nothing (diffusion) need no cache.
    const bool keeps = std::any_of(lanes.begin(), lanes.end(), [&](std::size_t i) { return !drafts[i].kept.empty(); });
    if (options.cache && (keeps || cache)) {
      if (!cache) cache.emplace(config, count, std::max<std::int64_t>(cache_slots, 2 * shape.length));
      cache->set_lanes(lanes);
    }
    if (cache) {
      forward(network, batch, *workspace, {}, *cache);
    } else {
      forward(network, batch, *workspace, {});
    }

    const auto vocab = static_cast<std::size_t>(config.vocab);
    const auto& sequences = batch.predicting().sequences;
    const std::int64_t chunk = static_cast<std::int64_t>(workspace->logits.size() / vocab);
    std::vector<Chosen> chosen(static_cast<std::size_t>(batch.predictions()));
    std::size_t sequence = 0;
    for (std::int64_t first = 0; first < batch.predictions(); first += chunk) {
      const std::int64_t rows = std::min(chunk, batch.predictions() - first);
      const Matrix<ScalarOf<B>> logits(workspace->logits.data(), rows, config.vocab);
      linear(network.backend(), workspace->out_norm.slice(first, rows), network.views().table.slice(0, config.vocab),
             logits);
      for (std::int64_t r = 0; r < rows; ++r) {
        while (first + r >= sequences[sequence].query_begin + sequences[sequence].queries) ++sequence;
        chosen[static_cast<std::size_t>(first + r)] =
            choose(std::span<const ScalarOf<B>>(logits.row(r), vocab), options.temperature, options.top_p,
                   drafts[lanes[sequence]].stream);
      }
    }
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      auto& draft = drafts[lanes[i]];
      std::vector<std::pair<std::int32_t, Chosen>> revealed;
      std::size_t row = static_cast<std::size_t>(sequences[i].query_begin);
      for (const auto* slots : {&draft.step.keep, &draft.step.temporary}) {
        for (const Slot& slot : *slots) {
          if (slot.predicts()) revealed.emplace_back(slot.target, chosen[row++]);
        }
      }
      const int left = std::max(1, draft.steps - (draft.steps_done - 1));
      if (draft.step.any_subset && unmask == Unmask::confidence && left > 1) {
        std::stable_sort(revealed.begin(), revealed.end(),
                         [](const auto& a, const auto& b) { return a.second.probability > b.second.probability; });
        revealed.resize((revealed.size() + static_cast<std::size_t>(left) - 1) / static_cast<std::size_t>(left));
      }
      for (const auto& [position, token] : revealed) {
        draft.tokens[static_cast<std::size_t>(position)] = token.token;
        draft.known[static_cast<std::size_t>(position)] = 1;
      }
      if (cache) cache->keep(lanes[i], static_cast<std::int32_t>(draft.step.keep.size()));
    }
    if (options.on_step && !drafts.empty()) options.on_step(drafts.front().tokens);
  }
  std::vector<std::vector<Token>> result;
  for (auto& draft : drafts) result.push_back(std::move(draft.tokens));
  return result;
}

/// Samples one sequence of a model under its own factorization.
template <Factorization F, Backend B>
[[nodiscard]] std::vector<Token> generate(const Transformer<F, B>& model, const GenerateOptions& options = {}) {
  return generate(model.network(), model.factorization(), 1, options).front();
}

/// Samples `count` sequences of a model under its own factorization.
template <Factorization F, Backend B>
[[nodiscard]] std::vector<std::vector<Token>> generate(const Transformer<F, B>& model, std::size_t count,
                                                       const GenerateOptions& options = {}) {
  return generate(model.network(), model.factorization(), count, options);
}

}  // namespace ordo
