// Sampling from policies that are made of others: law 6 (the cache changes nothing; frequencies are the model's).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/backend/reference/reference.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/generate/generate.hpp>
#include <ordo/model/forward.hpp>

#include <laws/draws_law.hpp>

namespace {

using namespace ordo;
using Double = Reference<double>;
using Sequence = std::vector<Token>;

ModelConfig tiny() {
  return {.layers = 2, .width = 8, .heads = 2, .hidden = 6, .vocab = 3, .context = 4, .dropout = 0, .init_std = 0.7};
}

std::vector<Sequence> all_sequences(int length) {
  std::vector<Sequence> all = {{}};
  for (int t = 0; t < length; ++t) {
    std::vector<Sequence> longer;
    for (const auto& s : all) {
      for (Token v = 0; v < 3; ++v) {
        longer.push_back(s);
        longer.back().push_back(v);
      }
    }
    all = std::move(longer);
  }
  return all;
}

/// log p of each target of one plan, asked at these slots and under this rule.
template <class Rule>
std::vector<double> losses_at(const Network<Double>& network, const std::vector<Slot>& slots, const Rule& rule,
                              const Sequence& tokens) {
  Batch<Rule> batch;
  batch.add(slots, rule, tokens, network.config(), 0);
  Workspace<Double> workspace(network, {batch.slots(), batch.predictions()}, Pass::forward);
  const auto loss = losses(network, batch, workspace);
  return {loss.begin(), loss.end()};
}

/// Probability of a sequence under a sampler that reveals one token a step, uniformly among those it asks for where
/// any subset may be: by recursion over what is known.
template <class S>
double probability(const Network<Double>& network, S sampler, std::vector<Slot> kept, const Sequence& tokens,
                   Known known) {
  SampleStep step;
  if (!sampler.next(known, step)) return 1;
  std::vector<Slot> slots = kept;
  for (const auto* part : {&step.keep, &step.temporary}) slots.insert(slots.end(), part->begin(), part->end());
  std::vector<std::size_t> asked;
  for (const Slot& s : slots) {
    if (s.predicts()) asked.push_back(static_cast<std::size_t>(s.target));
  }
  const auto loss = losses_at(network, slots, sampler.rule(), tokens);
  for (Slot s : step.keep) {
    s.target = absent;
    kept.push_back(s);
  }
  if (!step.any_subset) {
    double nats = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      known[asked[i]] = 1;
      nats += loss[i];
    }
    return std::exp(-nats) * probability(network, sampler, kept, tokens, known);
  }
  double sum = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Known more = known;
    more[asked[i]] = 1;
    sum += std::exp(-loss[i]) * probability(network, sampler, kept, tokens, more);
  }
  return sum / static_cast<double>(asked.size());
}

/// What sampling from the policy should give, averaged over `draws` of its sampler's own choices: an order, or a part
/// of a mixture.
template <class F>
std::map<Sequence, double> enumerated(const Network<Double>& network, const F& policy, const Known& known, int draws) {
  std::map<Sequence, double> expected;
  double total = 0;
  const auto length = static_cast<std::int32_t>(known.size());
  for (const auto& s : all_sequences(length)) {
    double& p = expected[s];
    for (int n = 0; n < draws; ++n) {
      RandomChoices choices(3, Purpose::sampling, static_cast<std::uint64_t>(n));
      p += probability(network, sampler_of(policy, Shape{length}, known, choices), {}, s, known) / draws;
    }
    total += p;
  }
  CHECK(total == Approx(1).epsilon(1e-9));
  return expected;
}

template <class F>
void check_frequencies(const F& policy, std::size_t samples, int draws = 1) {
  const Network<Double> network(tiny(), {}, 7);
  const auto expected = enumerated(network, policy, Known(3, 0), draws);
  std::map<Sequence, std::size_t> count;
  for (const auto& s : generate(network, policy, samples, {.length = 3, .seed = 3})) ++count[s];
  INFO(policy.name());
  // z is standard normal under agreement: 4 happens by chance once in 30,000 seeds, and the seed is fixed.
  CHECK(std::abs(laws::chi_square_z(expected, count, samples)) < 4);
}

/// The furthest that what the output head reads is from the same without the cache, over a whole sampling.
template <class B>
double furthest_from_uncached(B backend) {
  const ModelConfig config{
      .layers = 3, .width = 64, .heads = 4, .vocab = 50, .context = 64, .dropout = 0, .init_std = 0.1};
  const Network<B> network(config, std::move(backend), 5);
  Sequence tokens;
  Stream stream(1, Purpose::test, 0);
  for (int i = 0; i < 64; ++i) tokens.push_back(static_cast<Token>(stream.below(50)));
  const Blockwise<16, MaskedDiffusion<>> policy;
  RandomChoices choices(0, Purpose::sampling, 0);
  auto sampler = policy.sampler({64}, Known(64, 0), choices);
  using Rule = std::remove_cvref_t<decltype(sampler.rule())>;
  Cache<B, Rule> cache(network, 1, 64);
  cache.set_lanes({0});
  Known known(64, 0);
  SampleStep step;
  std::vector<Slot> kept;
  double furthest = 0;
  for (int steps = 0; sampler.next(known, step); ++steps) {
    std::vector<Slot> fresh = step.keep;
    fresh.insert(fresh.end(), step.temporary.begin(), step.temporary.end());
    std::vector<Slot> whole = kept;
    whole.insert(whole.end(), fresh.begin(), fresh.end());
    Batch<Rule> with;
    with.add(fresh, sampler.rule(), tokens, config, 0, static_cast<std::int32_t>(kept.size()));
    Batch<Rule> without;
    without.add(whole, sampler.rule(), tokens, config, 0);
    Workspace<B> a(network, {with.slots(), with.predictions()}, Pass::forward);
    Workspace<B> b(network, {without.slots(), without.predictions()}, Pass::forward);
    forward(network, with, a, {}, cache);
    forward(network, without, b, {});
    REQUIRE(with.predictions() == without.predictions());
    for (std::int64_t r = 0; r < with.predictions(); ++r) {
      for (std::int64_t c = 0; c < config.width; ++c) {
        furthest = std::max(furthest, std::abs(static_cast<double>(a.out_norm.row(r)[c] - b.out_norm.row(r)[c])));
      }
    }
    cache.keep(0, static_cast<std::int32_t>(step.keep.size()));
    kept.insert(kept.end(), step.keep.begin(), step.keep.end());
    for (const Slot& s : step.temporary) {
      if (s.predicts()) known[static_cast<std::size_t>(s.target)] = 1;
    }
  }
  CHECK(kept.size() == 48);
  return furthest;
}

}  // namespace

TEST_CASE("with and without the cache, samples are the same to the bit") {
  const Network<Double> network(tiny(), {}, 7);
  const auto check = [&](const auto& policy) {
    INFO(policy.name());
    for (const int length : {3, 4}) {
      CHECK(generate(network, policy, 12, {.length = length, .seed = 1}) ==
            generate(network, policy, 12, {.length = length, .seed = 1, .cache = false}));
    }
    const Sequence prompt = {2};
    CHECK(generate(network, policy, 6, {.seed = 1, .prompt = prompt}) ==
          generate(network, policy, 6, {.seed = 1, .prompt = prompt, .cache = false}));
  };
  check(Blockwise<2, MaskedDiffusion<>>{});
  check(Blockwise<3, MaskedDiffusion<>>{});
  check(Blockwise<2, LeftToRight>{});
  check(Blockwise<2, Shifted<MaskedDiffusion<>>>{});
  check(Mixture<Weighted<LeftToRight, 1>, Weighted<Blockwise<2, MaskedDiffusion<>>, 1>>{});
  check(factorization_from_name("mixture(1 ltr + 1 blockwise:2 + 1 masked)"));
  check(AnyOrder{});
}

TEST_CASE("logits with the cache are those without: to the bit in the reference, within rounding on the CPU") {
  CHECK(furthest_from_uncached(Double()) == 0);
  CHECK(furthest_from_uncached(Reference<float>()) == 0);
  CHECK(furthest_from_uncached(Cpu(2)) < 2e-5);  // outputs are about 1; fp32 sums of up to 64 terms in another order
}

TEST_CASE("samples follow the enumerated model") {
  check_frequencies(Blockwise<2, MaskedDiffusion<>>{}, 4000);
  check_frequencies(Blockwise<2, LeftToRight>{}, 4000);
  check_frequencies(AnyOrder{}, 2000, 240);
  check_frequencies(Mixture<Weighted<LeftToRight, 1>, Weighted<MaskedDiffusion<>, 2>>{}, 4000, 240);
  check_frequencies(SuffixMasked<>{}, 4000);
  check_frequencies(Shifted<MaskedDiffusion<>>{}, 4000);
}

TEST_CASE("given tokens stay wherever they stand, and the gaps are filled") {
  const Network<Double> network(tiny(), {}, 7);
  const Sequence pattern = {absent, 2, absent, 0};
  const auto check = [&](const auto& policy) {
    INFO(policy.name());
    for (const auto& s : generate(network, policy, 8, {.seed = 2, .infill = pattern})) {
      CHECK((s[1] == 2 && s[3] == 0 && s[0] >= 0 && s[0] < 3 && s[2] >= 0 && s[2] < 3));
    }
  };
  check(Blockwise<2, MaskedDiffusion<>>{});
  check(Blockwise<3, Shifted<MaskedDiffusion<>>>{});
  check(AnyOrder{});
  check(FillInTheMiddle{});
  check(Orderings<3, MaskedDiffusion<>>{});
  check(NoisyInputs<MaskedDiffusion<>>{{}, 0.1});
  check(SuffixMasked<>{});
  check(factorization_from_name("blockwise:2(any-order)"));
}

TEST_CASE("a prefix must be given, and what follows is sampled") {
  const Network<Double> network(tiny(), {}, 7);
  const Prefix<MaskedDiffusion<>> policy{{}, 2};
  CHECK_THROWS_WITH(generate(network, policy, 1, {.seed = 1, .prompt = {1}}), Catch::Contains("token 1 must be given"));
  for (const auto& s : generate(network, policy, 8, {.seed = 1, .prompt = {1, 2}})) {
    CHECK((s.size() == 4 && s[0] == 1 && s[1] == 2 && s[2] >= 0 && s[3] >= 0));
  }
  CHECK(generate(network, policy, 8, {.seed = 1, .prompt = {1, 2}}) ==
        generate(network, policy, 8, {.seed = 1, .prompt = {1, 2}, .cache = false}));
}
