#pragma once
// Multiple choice: which of several continuations does the network prefer? Prabhudesai et al. 2025
// (arXiv:2507.15857) score diffusion in three ways, which are here beside the likelihood of autoregression.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/choice_task.hpp>
#include <ordo/data/codec.hpp>
#include <ordo/evaluate/choice_score.hpp>
#include <ordo/evaluate/options.hpp>
#include <ordo/evaluate/plan_scorer.hpp>
#include <ordo/evaluate/sequence_nats.hpp>
#include <ordo/generate/decoder.hpp>
#include <ordo/generate/options.hpp>
#include <ordo/generate/sampling.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

/// How a choice is scored, given its context.
enum class ChoiceMethod : std::uint8_t {
  automatic,      ///< likelihood where the policy has an order of its own, else left_to_right: exact in both
  likelihood,     ///< exact: -log p of the choice in the policy's own order
  left_to_right,  ///< exact: one token after another with all later ones hidden; for policies that may reveal any
  bound,          ///< upper bound: mean over draws of hidden tokens of the choice, the context clean; for the same
  greedy,         ///< no choice is scored: is the labelled one what sampling at temperature 0 gives, one token a step?
};

[[nodiscard]] constexpr std::string_view to_string(ChoiceMethod method) {
  switch (method) {
    case ChoiceMethod::automatic: return "auto";
    case ChoiceMethod::likelihood: return "likelihood";
    case ChoiceMethod::left_to_right: return "left-to-right";
    case ChoiceMethod::bound: return "bound";
    case ChoiceMethod::greedy: return "greedy";
  }
  return "unknown";
}

inline constexpr ChoiceMethod every_choice_method[] = {ChoiceMethod::automatic, ChoiceMethod::likelihood,
                                                       ChoiceMethod::left_to_right, ChoiceMethod::bound,
                                                       ChoiceMethod::greedy};

namespace detail {

/// A context and one of its choices, as tokens.
struct ChoiceText {
  std::vector<Token> tokens;
  Known known;  // the context
  std::size_t task = 0;
  std::size_t choice = 0;
  double nats = 0;

  [[nodiscard]] std::int64_t hidden() const { return std::count(known.begin(), known.end(), char{0}); }
};

inline std::vector<Token> encode_part(const TextCodec& codec, const std::string& text, const ChoiceTask& task,
                                      std::string_view field) {
  try {
    return codec.encode(text);
  } catch (const Error& error) {
    fail("evaluate", task.name, ", field '", field, "': ", error.what());
  }
}

/// Every choice of every task, or only the labelled ones. Throws an Error that names the task.
inline std::vector<ChoiceText> choice_texts(const ModelConfig& config, const TextCodec& codec,
                                            std::span<const ChoiceTask> tasks, bool labelled_only) {
  require(!tasks.empty(), "evaluate", "there is no multiple-choice task to score");
  require(codec.vocab() <= config.vocab, "evaluate", "the text's vocabulary has ", codec.vocab(),
          " tokens, the network's ", config.vocab);
  std::vector<ChoiceText> texts;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const ChoiceTask& task = tasks[t];
    require(task.label < task.choices.size(), "evaluate", task.name, ", field 'label': must be one of ",
            task.choices.size(), " choices (got ", task.label, ")");
    require(labelled_only || task.choices.size() > 1, "evaluate", task.name,
            ", field 'choices': needs two or more to compare (got 1); one is enough for greedy");
    const std::vector<Token> context = encode_part(codec, task.context, task, "context");
    for (std::size_t c = 0; c < task.choices.size(); ++c) {
      if (labelled_only && c != task.label) continue;
      const std::vector<Token> own = encode_part(codec, task.choices[c], task, "choices");
      require(!own.empty(), "evaluate", task.name, ", field 'choices': entry ", c, " has no token");
      require(context.size() + own.size() <= static_cast<std::size_t>(config.context), "evaluate", task.name,
              ", field 'choices': entry ", c, " has ", own.size(), " tokens and its context ", context.size(),
              ", together more than the network's context of ", config.context);
      ChoiceText text{context, Known(context.size(), 1), t, c, 0};
      text.tokens.insert(text.tokens.end(), own.begin(), own.end());
      text.known.resize(text.tokens.size(), 0);
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

/// Whether the policy leaves it open which hidden token comes next. Throws where it draws how it samples.
template <Factorization F>
bool reveals_any(const F& policy, const Known& known) {
  const RandomChoices untouched(0, Purpose::scoring, 0);
  RandomChoices choices = untouched;
  auto sampler = sampler_of(policy, Shape{static_cast<std::int32_t>(known.size())}, known, choices);
  require(choices == untouched, "evaluate", policy.name(),
          " draws the order that it samples in, so a choice has no single number; answer under a factorization that "
          "draws none, such as one part of a mixture, ltr or masked");
  SampleStep step;
  return sampler.next(known, step) && step.any_subset;
}

/// Marks a uniform number of the unknown tokens as still unknown, all subsets of that number being as likely, and the
/// others as known; returns that number. The same choices give the same draw to texts of the same length.
template <Choices C>
std::int64_t hide_some(Known& known, C& choices) {
  const auto open = static_cast<std::uint32_t>(std::count(known.begin(), known.end(), char{0}));
  const auto cumulative = [&](std::uint32_t k) { return static_cast<double>(k) / open; };
  const std::uint32_t hidden = choices.pick(open, Levels::low_discrepancy, cumulative) + 1;
  std::uint32_t left = hidden;  // selection sampling (Knuth, TAOCP 3.4.2, algorithm S)
  std::uint32_t seen = 0;
  for (char& one : known) {
    if (one != 0) continue;
    if (choices.below(open - seen) < left) {
      --left;
    } else {
      one = 1;
    }
    ++seen;
  }
  return hidden;
}

/// The bound: mean over draws of (tokens / hidden) times the cross-entropy of the hidden tokens, with the context and
/// the other tokens shown. Draw d is the same for every choice of a task (common random numbers), so that choices
/// differ by their texts and not by their luck.
template <Backend B, Factorization F>
void score_bounds(const Network<B>& network, const F& policy, std::vector<ChoiceText>& texts,
                  const EvaluateOptions& options) {
  using Rule = std::remove_cvref_t<decltype(std::declval<const SamplerOf<F>&>().rule())>;
  PlanScorer<B, Rule> scorer(network, options.pass_slots<B>());
  const auto draws = static_cast<std::size_t>(options.draws);
  std::vector<double> loss(texts.size() * draws, 0.0);
  SampleStep step;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const ChoiceText& text = texts[i];
    const auto length = static_cast<std::int32_t>(text.tokens.size());
    for (std::size_t d = 0; d < draws; ++d) {
      if (options.stop.stop_requested()) throw Stopped("[ordo] evaluate: stopped before the score was complete");
      RandomChoices choices(options.seed, Purpose::scoring, text.task * draws + d);
      Known known = text.known;
      const std::int64_t hidden = hide_some(known, choices);
      auto sampler = sampler_of(policy, Shape{length}, known, choices);
      (void)sampler.next(known, step);
      std::int64_t asked = 0;
      for (Slot& slot : step.temporary) {
        if (!slot.predicts()) continue;
        slot.weight = static_cast<float>(static_cast<double>(text.hidden()) / static_cast<double>(hidden));
        ++asked;
      }
      require(asked == hidden, "evaluate",
              "the bound needs a factorization that predicts all hidden tokens at once, and ", policy.name(),
              " asks for ", asked, " of ", hidden, "; score it left-to-right");
      std::vector<Slot> slots = step.keep;
      slots.insert(slots.end(), step.temporary.begin(), step.temporary.end());
      scorer.add(slots, sampler.rule(), text.tokens, i * draws + d, &loss[i * draws + d]);
    }
  }
  scorer.run();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t d = 0; d < draws; ++d) texts[i].nats += loss[i * draws + d] / options.draws;
  }
}

/// How many of the texts are what sampling at temperature 0 gives: the token that the network is surest of first,
/// where the policy may reveal any.
template <Backend B, Factorization F>
std::int64_t greedy_matches(const Network<B>& network, const F& policy, std::span<const ChoiceText> texts,
                            const EvaluateOptions& options) {
  GenerateOptions greedy;
  greedy.temperature = 0;
  greedy.unmask = Unmask::certainty;
  Decoder<B, SamplerOf<F>> decoder(network, true);
  std::int64_t matches = 0;
  for (std::size_t begin = 0; begin < texts.size();) {
    std::vector<Draft<SamplerOf<F>>> drafts;
    std::vector<Sampling> samplings;
    std::size_t slots = 0;
    std::size_t end = begin;
    for (; end < texts.size(); ++end) {
      const ChoiceText& text = texts[end];
      slots += text.tokens.size();
      if (end > begin && static_cast<std::int64_t>(slots) > options.pass_slots<B>()) break;
      RandomChoices choices(options.seed, Purpose::sampling, end);
      const Shape shape{static_cast<std::int32_t>(text.tokens.size())};
      std::vector<Token> tokens = text.tokens;
      for (std::size_t t = 0; t < tokens.size(); ++t) {
        if (text.known[t] == 0) tokens[t] = absent;
      }
      drafts.push_back({std::move(tokens), text.known, sampler_of(policy, shape, text.known, choices)});
      samplings.emplace_back(greedy, end, text.tokens.size());
    }
    decoder.start(std::move(drafts));
    const auto prepare = [&](std::size_t i) { return samplings[i].prepare(decoder.drafts()[i]); };
    const auto unit = [&](std::size_t i) { return samplings[i].unit(); };
    const auto take = [&](std::size_t i, std::int32_t target, const Drawn& drawn) { samplings[i].take(target, drawn); };
    while (decoder.draw(greedy.drawing(), prepare, unit, take)) {
      if (options.stop.stop_requested()) throw Stopped("[ordo] evaluate: stopped before the score was complete");
      for (std::size_t i = 0; i < samplings.size(); ++i) samplings[i].reveal(decoder.drafts()[i]);
    }
    for (std::size_t i = 0; i < samplings.size(); ++i) {
      matches += decoder.drafts()[i].tokens == texts[begin + i].tokens ? 1 : 0;
    }
    begin = end;
  }
  return matches;
}

/// Counts the tasks whose labelled choice has the lowest number; the first of equals is taken.
template <class Number>
Proportion right_answers(std::span<const ChoiceTask> tasks, std::span<const ChoiceText> texts, const Number& number) {
  Proportion right;
  for (std::size_t first = 0; first < texts.size();) {
    const ChoiceTask& task = tasks[texts[first].task];
    std::size_t best = first;
    for (std::size_t i = first; i < first + task.choices.size(); ++i) {
      require(std::isfinite(texts[i].nats), "evaluate", task.name, ": the network gives choice ", i - first, " ",
              texts[i].nats, " nats, which is no finite number");
      if (number(texts[i]) < number(texts[best])) best = i;
    }
    right.successes += texts[best].choice == task.label ? 1 : 0;
    ++right.trials;
    first += task.choices.size();
  }
  return right;
}

}  // namespace detail

/// Throws an Error that names the task where a model of this shape could not answer it by this method: what
/// `score_choices` would find once the model is there.
inline void check_choices(const ModelConfig& config, const TextCodec& codec, std::span<const ChoiceTask> tasks,
                          ChoiceMethod method = ChoiceMethod::automatic) {
  (void)detail::choice_texts(config, codec, tasks, method == ChoiceMethod::greedy);
}

/// Answers the tasks by `network` under `policy` (a model's own, or another), and counts the right ones. Choices are
/// compared by their nats given the context, and by their nats per token. Takes draws, seed, batch_slots and stop of
/// the options. Differs from the paper in what is drawn for the bound: an exact number of hidden tokens, spread evenly
/// over the draws. Throws an Error that names the task where a text does not fit the network or the codec, and where
/// the method does not suit the policy, or the policy draws its order.
template <Backend B, Factorization F>
[[nodiscard]] ChoiceScore score_choices(const Network<B>& network, const F& policy, const TextCodec& codec,
                                        std::span<const ChoiceTask> tasks,
                                        ChoiceMethod method = ChoiceMethod::automatic,
                                        const EvaluateOptions& options = {}) {
  options.check();
  const bool is_greedy = method == ChoiceMethod::greedy;
  std::vector<detail::ChoiceText> texts = detail::choice_texts(network.config(), codec, tasks, is_greedy);
  const bool any = detail::reveals_any(policy, texts.front().known);
  if (method == ChoiceMethod::automatic) method = any ? ChoiceMethod::left_to_right : ChoiceMethod::likelihood;
  require(method != ChoiceMethod::likelihood || !any, "evaluate",
          "likelihood is for factorizations with an order of their own, and ", policy.name(),
          " may reveal tokens in any order; score it left-to-right, or by its bound");
  require(is_greedy || method == ChoiceMethod::likelihood || any, "evaluate", to_string(method),
          " is for factorizations that may reveal tokens in any order, and ", policy.name(),
          " has an order of its own; score its likelihood");
  ChoiceScore score;
  score.method = to_string(method);
  score.policy = policy.name();
  if (is_greedy) {
    score.accuracy = {detail::greedy_matches(network, policy, texts, options), static_cast<std::int64_t>(texts.size())};
    return score;
  }
  if (method == ChoiceMethod::bound) {
    score.claim = Claim::bound;
    score.draws = options.draws;
    detail::score_bounds(network, policy, texts, options);
  } else {
    const Revealing revealing;
    SequenceScorer<B, F> scorer(network, policy, revealing, options);
    for (detail::ChoiceText& text : texts) scorer.add(text.tokens, text.known, &text.nats);
    scorer.run();
  }
  score.accuracy = detail::right_answers(tasks, texts, [](const auto& text) { return text.nats; });
  score.per_token = detail::right_answers(
      tasks, texts, [](const auto& text) { return text.nats / static_cast<double>(text.hidden()); });
  return score;
}

}  // namespace ordo
