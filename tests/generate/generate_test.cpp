// Law 6: sampling agrees with scoring. Also what generate refuses, and that samples are functions of the seed.

#include <cmath>
#include <cstdint>
#include <map>
#include <ratio>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/noisy_inputs.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/suffix_masked.hpp>
#include <ordo/generate/generate.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>

#include <laws/user_policies.hpp>
#include <support/sequences.hpp>

namespace {

using ordo::Token;
using Double = ordo::Reference<double>;
using Sequence = std::vector<Token>;

ordo::ModelConfig tiny() {
  return {.layers = 2, .width = 8, .heads = 2, .hidden = 6, .vocab = 3, .context = 4, .dropout = 0, .init_std = 0.7};
}

using user::RightToLeft;  // says no word about sampling: gets the sampler that is read off its plan
static_assert(!ordo::MakesSampler<RightToLeft>);

/// -log p of a sequence under the plan of an exact policy.
template <class F>
double nats(const ordo::Network<Double>& network, const F& policy, const Sequence& tokens) {
  ordo::RandomChoices choices(0, ordo::Purpose::scoring, 0);
  std::vector<ordo::Slot> slots;
  const auto rule = policy.plan({static_cast<std::int32_t>(tokens.size())}, choices, slots);
  ordo::Batch<typename F::Rule> batch;
  batch.add(slots, rule, tokens, network.config(), 0);
  ordo::Workspace<Double> workspace(network, {batch.slots(), batch.predictions()}, ordo::Pass::forward);
  double sum = 0;
  for (const double loss : losses(network, batch, workspace)) sum += loss;
  return sum;
}

/// Probability of a sequence when hidden tokens are revealed one at a time in a uniform order, by recursion over
/// what is still hidden.
double any_order_probability(const ordo::Network<Double>& network, const Sequence& tokens, ordo::Known known) {
  const std::size_t n = tokens.size();
  std::vector<ordo::Slot> slots;
  std::vector<std::int32_t> hidden;
  for (std::size_t i = 0; i < n; ++i) {
    const auto at = static_cast<std::int32_t>(i);
    slots.push_back(known[i] != 0 ? ordo::Slot::token(at) : ordo::Slot::mask(at).predicting(at));
    if (known[i] == 0) hidden.push_back(at);
  }
  if (hidden.empty()) return 1;
  ordo::Batch<ordo::Full> batch;
  batch.add(slots, {}, tokens, network.config(), 0);
  ordo::Workspace<Double> workspace(network, {batch.slots(), batch.predictions()}, ordo::Pass::forward);
  const auto span = losses(network, batch, workspace);
  const std::vector<double> loss(span.begin(), span.end());
  double sum = 0;
  for (std::size_t j = 0; j < hidden.size(); ++j) {
    ordo::Known more = known;
    more[static_cast<std::size_t>(hidden[j])] = 1;
    sum += std::exp(-loss[j]) * any_order_probability(network, tokens, more);
  }
  return sum / static_cast<double>(hidden.size());
}

}  // namespace

TEST_CASE("generate refuses what cannot work, naming the value") {
  const ordo::Network<Double> network(tiny());
  const auto sample = [&](const ordo::GenerateOptions& options) {
    return generate(network, ordo::LeftToRight{}, 1, options);
  };
  CHECK_THROWS_WITH(sample({.length = 5}), Catch::Contains("5 tokens is longer than the network's context of 4"));
  CHECK_THROWS_WITH(sample({.temperature = -1}), Catch::Contains("got -1"));
  CHECK_THROWS_WITH(sample({.temperature = HUGE_VAL}), Catch::Contains("temperature must be finite (got inf)"));
  CHECK_THROWS_WITH(sample({.top_p = 0}), Catch::Contains("top_p must be in (0, 1] (got 0)"));
  CHECK_THROWS_WITH(sample({.prompt = {7}}), Catch::Contains("got 7 at position 0"));
  CHECK_THROWS_WITH(sample({.length = 1, .prompt = {1, 2}}), Catch::Contains("prompt has 2 tokens"));
  CHECK_THROWS_WITH(sample({.infill = {ordo::absent, 1}}), Catch::Contains("token 1 is given after a gap"));
}

TEMPLATE_TEST_CASE("a policy with an order of its own refuses settings of diffusion steps, naming the value", "",
                   ordo::LeftToRight, ordo::Orderings<2>, RightToLeft, ordo::SuffixMasked<>,
                   (ordo::Blockwise<2, ordo::SuffixMasked<>>),
                   (ordo::NoisyInputs<ordo::LeftToRight, std::ratio<1, 4>>)) {
  const ordo::Network<Double> network(tiny());
  const auto sample = [&](const ordo::GenerateOptions& options) { return generate(network, TestType{}, 1, options); };
  CHECK_THROWS_WITH(sample({.unmask = ordo::Unmask::confidence}),
                    Catch::Contains("unmask = confidence is for") && Catch::Contains(TestType{}.name() + " has an"));
  CHECK_THROWS_WITH(sample({.unmask = ordo::Unmask::random}), Catch::Contains("unmask = random is for"));
  CHECK_THROWS_WITH(sample({.steps = 3}), Catch::Contains("steps = 3 is for"));
  CHECK(sample({})[0].size() == 4);
}

TEST_CASE("a mixture takes settings of diffusion steps, whichever part is drawn") {
  const ordo::Network<Double> network(tiny());
  using Half = ordo::Mixture<ordo::Weighted<ordo::LeftToRight, 1>, ordo::Weighted<ordo::MaskedDiffusion<>, 1>>;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    CHECK(generate(network, Half{}, 1, {.seed = seed, .unmask = ordo::Unmask::confidence, .steps = 2})[0].size() == 4);
  }
}

TEST_CASE("unmasking is random where nothing else is asked for") {
  const ordo::Network<Double> network(tiny());
  CHECK(generate(network, ordo::MaskedDiffusion<>{}, 5, {}) ==
        generate(network, ordo::MaskedDiffusion<>{}, 5, {.unmask = ordo::Unmask::random}));
}

TEST_CASE("samples are functions of the seed and the index, whatever the count") {
  const ordo::Network<Double> network(tiny());
  const auto three = generate(network, ordo::MaskedDiffusion<>{}, 3, {.seed = 4});
  const auto one = generate(network, ordo::MaskedDiffusion<>{}, 1, {.seed = 4});
  CHECK(three[0] == one[0]);
  CHECK(three != generate(network, ordo::MaskedDiffusion<>{}, 3, {.seed = 5}));
}

TEST_CASE("given tokens stay, and every other token is sampled") {
  const ordo::Network<Double> network(tiny());
  const Sequence pattern = {ordo::absent, 2, ordo::absent, 0};
  for (const auto unmask : {ordo::Unmask::random, ordo::Unmask::ancestral, ordo::Unmask::confidence}) {
    for (const int steps : {0, 1, 2, 9}) {
      const auto s =
          generate(network, ordo::MaskedDiffusion<>{}, 1, {.infill = pattern, .unmask = unmask, .steps = steps})[0];
      CHECK(s[1] == 2);
      CHECK(s[3] == 0);
      CHECK((s[0] >= 0 && s[0] < 3 && s[2] >= 0 && s[2] < 3));
    }
  }
  const auto s = generate(network, ordo::Orderings<4>{.told = true}, 1, {.infill = pattern})[0];
  CHECK((s[1] == 2 && s[3] == 0 && s[0] >= 0 && s[2] >= 0));
  const auto prompted = generate(network, ordo::LeftToRight{}, 1, {.prompt = {1, 1}})[0];
  CHECK((prompted.size() == 4 && prompted[0] == 1 && prompted[1] == 1));
}

TEMPLATE_TEST_CASE("sampling with and without the cache gives the same tokens and equals the plan", "",
                   ordo::LeftToRight, ordo::Orderings<1>) {
  const ordo::Network<Double> network(tiny());
  CHECK(generate(network, TestType{}, 20, {.seed = 1}) ==
        generate(network, TestType{}, 20, {.seed = 1, .cache = false}));
}

TEST_CASE("temperature 0 takes the most probable token, and a small nucleus does the same") {
  const ordo::Network<Double> network(tiny());
  const auto greedy = generate(network, ordo::LeftToRight{}, 2, {.seed = 1, .temperature = 0});
  CHECK(greedy[0] == greedy[1]);
  CHECK(greedy[0] == generate(network, ordo::LeftToRight{}, 1, {.seed = 9, .top_p = 1e-9})[0]);
}

TEMPLATE_TEST_CASE("probabilities of all sequences add up to one, and samples follow them", "", ordo::LeftToRight,
                   ordo::Orderings<1>, RightToLeft) {
  const ordo::Network<Double> network(tiny(), {}, 7);
  std::map<Sequence, double> expected;
  double total = 0;
  for (const auto& s : ordo::all_sequences(3, 4)) total += expected[s] = std::exp(-nats(network, TestType{}, s));
  CHECK(total == Approx(1).epsilon(1e-12));
  // z is standard normal under agreement: 4 happens by chance once in 30,000 seeds, and the seed is fixed.
  CHECK(std::abs(ordo::chi_square_z(generate(network, TestType{}, 4000, {.seed = 3}), expected)) < 4);
}

TEST_CASE("one token a step in random order samples the mean over all orders") {
  const ordo::Network<Double> network(tiny(), {}, 7);
  std::map<Sequence, double> expected;
  double total = 0;
  for (const auto& s : ordo::all_sequences(3, 4)) {
    total += expected[s] = any_order_probability(network, s, ordo::Known(4, 0));
  }
  CHECK(total == Approx(1).epsilon(1e-12));
  CHECK(std::abs(ordo::chi_square_z(generate(network, ordo::MaskedDiffusion<>{}, 4000, {.seed = 3}), expected)) < 4);
}
