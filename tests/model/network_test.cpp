// The whole transformer: its gradient against central differences in double, and what must not change it.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/model/backward.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>

namespace {

using ordo::Capacity;
using ordo::Pass;
using ordo::Token;
using Double = ordo::Reference<double>;

ordo::ModelConfig tiny() {
  return {.layers = 2, .width = 8, .heads = 2, .hidden = 6, .vocab = 5, .context = 6, .dropout = 0, .init_std = 0.4};
}

template <class F>
ordo::Batch<typename F::Rule> batch_of(const F& policy, const ordo::ModelConfig& config, std::vector<int> lengths,
                                       std::uint64_t first_sample = 0) {
  ordo::Batch<typename F::Rule> batch;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::uint64_t n = first_sample + i;
    ordo::Stream stream(11, ordo::Purpose::test, n);
    std::vector<Token> tokens;
    for (int t = 0; t < lengths[i]; ++t) {
      tokens.push_back(static_cast<Token>(stream.below(static_cast<std::uint32_t>(config.vocab))));
    }
    ordo::RandomChoices choices(5, ordo::Purpose::plan, n);
    std::vector<ordo::Slot> slots;
    const auto rule = policy.plan({lengths[i]}, choices, slots);
    batch.add(slots, rule, tokens, config, n);
  }
  return batch;
}

template <class Rule>
double loss_of(const ordo::Network<Double>& network, const ordo::Batch<Rule>& batch, ordo::DropoutSettings dropout) {
  ordo::Workspace<Double> workspace(network, {batch.slots(), batch.predictions()}, Pass::backward);
  std::vector<double> gradient(network.values().size(), 0.0);
  return accumulate_gradient(network, batch, 1.0, dropout, workspace, std::span<double>(gradient));
}

}  // namespace

TEMPLATE_TEST_CASE("the gradient of the weighted loss equals central differences in double", "", ordo::LeftToRight,
                   ordo::MaskedDiffusion<>, ordo::Orderings<4>) {
  TestType policy{};
  if constexpr (requires { policy.told; }) policy.told = true;
  for (const double rate : {0.0, 0.3}) {
    ordo::Network<Double> network(tiny(), {}, 3);
    // Gains away from one, so that their gradient is tested at a general point.
    ordo::Stream stream(8, ordo::Purpose::test, 0);
    for (double& x : network.values()) x += 0.1 * stream.normal();
    const auto batch = batch_of(policy, network.config(), {6, 1, 4});
    const ordo::DropoutSettings dropout{rate, 9};
    ordo::Workspace<Double> workspace(network, {batch.slots(), batch.predictions()}, Pass::backward);
    std::vector<double> gradient(network.values().size(), 0.0);
    accumulate_gradient(network, batch, 1.0, dropout, workspace, std::span<double>(gradient));
    double scale = 0;
    for (const double g : gradient) scale = std::max(scale, std::abs(g));
    constexpr double h = 1e-5;
    double worst = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double kept = network.values()[i];
      network.values()[i] = kept + h;
      const double above = loss_of(network, batch, dropout);
      network.values()[i] = kept - h;
      const double below = loss_of(network, batch, dropout);
      network.values()[i] = kept;
      worst = std::max(worst, std::abs((above - below) / (2 * h) - gradient[i]));
    }
    INFO(policy.name() << ", dropout " << rate);
    REQUIRE(scale > 0.01);
    CHECK(worst < 1e-7 * scale);
  }
}

TEMPLATE_TEST_CASE("losses do not depend on what else is in the batch", "", ordo::LeftToRight, ordo::MaskedDiffusion<>,
                   ordo::Orderings<4>) {
  const ordo::Network<Double> network(tiny(), {}, 3);
  const auto whole = batch_of(TestType{}, network.config(), {6, 3, 5});
  ordo::Workspace<Double> workspace(network, {14, 14}, Pass::forward);
  const auto span = losses(network, whole, workspace);
  const std::vector<double> together(span.begin(), span.end());
  std::vector<double> apart;
  const std::vector<int> lengths = {6, 3, 5};
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto one = batch_of(TestType{}, network.config(), {lengths[i]}, i);
    const auto loss = losses(network, one, workspace);
    apart.insert(apart.end(), loss.begin(), loss.end());
  }
  CHECK(together == apart);
}

TEST_CASE("the losses of a masked batch are the same to the bit when the last layer answers every slot") {
  // A slot with weight zero predicts without changing the loss, so that no slot is left out of the last layer.
  const ordo::Network<Double> network(tiny(), {}, 3);
  std::vector<ordo::Slot> slots;
  ordo::RandomChoices choices(5, ordo::Purpose::plan, 4);
  ordo::MaskedDiffusion<>{}.plan({6}, choices, slots);
  const std::vector<Token> tokens = {0, 1, 2, 3, 4, 0};
  ordo::Batch<ordo::Full> few;
  few.add(slots, {}, tokens, network.config(), 0);
  REQUIRE(few.predictions() < few.slots());
  ordo::Batch<ordo::Full> all;
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].predicts()) {
      asked.push_back(i);
    } else {
      slots[i] = slots[i].predicting(static_cast<std::int32_t>(i), 0);
    }
  }
  all.add(slots, {}, tokens, network.config(), 0);
  ordo::Workspace<Double> workspace(network, {6, 6}, Pass::forward);
  const auto loss = losses(network, few, workspace);
  const std::vector<double> of_few(loss.begin(), loss.end());
  const auto every = losses(network, all, workspace);
  for (std::size_t i = 0; i < asked.size(); ++i) CHECK(of_few[i] == every[asked[i]]);
}

TEST_CASE("a batch refuses tokens and positions that the network does not have") {
  const ordo::ModelConfig config = tiny();
  ordo::Batch<ordo::Causal> batch;
  const std::vector<ordo::Slot> slots = {ordo::Slot::start().predicting(0)};
  CHECK_THROWS_WITH(batch.add(slots, {}, std::vector<Token>{5}, config, 0), Catch::Contains("0 .. 4 (got 5)"));
  CHECK_THROWS_WITH(batch.add(slots, {}, std::vector<Token>{}, config, 0),
                    Catch::Contains("token 0 of a sequence of 0"));
  const std::vector<ordo::Slot> late = {ordo::Slot::mask(6).predicting(0)};
  CHECK_THROWS_WITH(batch.add(late, {}, std::vector<Token>{1}, config, 0), Catch::Contains("context 6 (got 7)"));
}

TEST_CASE("a network's initial weights are a function of the seed") {
  const ordo::Network<Double> a(tiny(), {}, 3);
  const ordo::Network<Double> b(tiny(), {}, 3);
  const ordo::Network<Double> c(tiny(), {}, 4);
  const auto same = [](const auto& x, const auto& y) {
    return std::equal(x.values().begin(), x.values().end(), y.values().begin());
  };
  CHECK(same(a, b));
  CHECK_FALSE(same(a, c));
  CHECK_THROWS_WITH(ordo::Network<Double>({.width = 10, .heads = 4}), Catch::Contains("width 10, heads 4"));
}
