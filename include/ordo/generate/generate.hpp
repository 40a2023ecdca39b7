#pragma once
// Sampling sequences from a network under a factorization.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/generate/decoder.hpp>
#include <ordo/generate/options.hpp>
#include <ordo/generate/sampling.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/transformer.hpp>

namespace ordo {

/// Samples `count` sequences, all at once: memory grows with `count` (see `first` for sampling in groups). Sequence i
/// is a function of (options, i) alone, whatever `count` is; on a GPU but for the last bits of the logits, which
/// products of other sizes may round otherwise. Throws an Error where the policy cannot condition on what is given or
/// has no use for a setting, and where the length exceeds the network's context.
template <Backend B, Factorization F>
[[nodiscard]] std::vector<std::vector<Token>> generate(const Network<B>& network, const F& policy, std::size_t count,
                                                       const GenerateOptions& options = {}) {
  const ModelConfig& config = network.config();
  constexpr auto where = "generate";
  options.check();
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

  const Shape shape{static_cast<std::int32_t>(length)};
  std::vector<Draft<SamplerOf<F>>> drafts;
  std::vector<Sampling> samplings;
  std::vector<char> drew;  // whether making the sampler took draws
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t n = options.first + i;
    const RandomChoices untouched(options.seed, Purpose::sampling, n);
    RandomChoices choices = untouched;
    drafts.push_back({given, known, sampler_of(policy, shape, known, choices)});
    samplings.emplace_back(options, n, length);
    drew.push_back(choices == untouched ? 0 : 1);
  }
  Decoder<B, SamplerOf<F>> decoder(network, options.cache);
  decoder.start(std::move(drafts));
  // Where slots that show the mask predict, a policy may unmask in one draw and not in another (a mixture): a draw that
  // has no use for a setting is then no mistake.
  const Reads masks = readout_of(policy).mask;
  const bool may_unmask = masks == Reads::own || masks == Reads::next;
  const auto prepare = [&](std::size_t i) {
    Draft<SamplerOf<F>>& draft = decoder.drafts()[i];
    if (!draft.step.any_subset && !samplings[i].begun() && !(may_unmask && drew[i] != 0)) {
      options.check_ordered(policy.name());
    }
    return samplings[i].prepare(draft);
  };
  const auto unit = [&](std::size_t i) { return samplings[i].unit(); };
  const auto take = [&](std::size_t i, std::int32_t target, const Drawn& drawn) { samplings[i].take(target, drawn); };
  const DrawOptions how = options.drawing();
  while (!options.stop.stop_requested()) {
    for (std::size_t i = 0; i < count; ++i) samplings[i].remask(decoder.drafts()[i]);
    if (!decoder.draw(how, prepare, unit, take)) break;
    for (std::size_t i = 0; i < count; ++i) samplings[i].reveal(decoder.drafts()[i]);
    if (decoder.ran() && options.on_step) options.on_step(decoder.drafts().front().tokens);
  }
  std::vector<std::vector<Token>> result;
  for (auto& draft : decoder.drafts()) result.push_back(std::move(draft.tokens));
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
