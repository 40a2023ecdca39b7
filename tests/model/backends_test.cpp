// The whole network on Cpu against the reference in double: losses and every gradient, for each factorization.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/model/backward.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/network.hpp>

namespace {

template <class F>
ordo::Batch<typename F::Rule> batch_of(const F& policy, const ordo::ModelConfig& config, std::vector<int> lengths) {
  ordo::Batch<typename F::Rule> batch;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    ordo::Stream stream(11, ordo::Purpose::test, i);
    std::vector<ordo::Token> tokens;
    for (int t = 0; t < lengths[i]; ++t) {
      tokens.push_back(static_cast<ordo::Token>(stream.below(static_cast<std::uint32_t>(config.vocab))));
    }
    ordo::RandomChoices choices(5, ordo::Purpose::plan, i);
    std::vector<ordo::Slot> slots;
    const auto rule = policy.plan({lengths[i]}, choices, slots);
    batch.add(slots, rule, tokens, config, i);
  }
  return batch;
}

template <class B, class Rule>
std::vector<double> gradient_of(const ordo::Network<B>& network, const ordo::Batch<Rule>& batch, double& loss) {
  using R = typename B::Scalar;
  ordo::Workspace<B> workspace(network.config(), {batch.slots(), batch.predictions()}, ordo::Pass::backward);
  std::vector<R> gradient(network.values().size(), R(0));
  loss = accumulate_gradient(network, batch, 0.01, {0.1, 77}, workspace, std::span<R>(gradient));
  return {gradient.begin(), gradient.end()};
}

}  // namespace

TEMPLATE_TEST_CASE("losses and gradients on Cpu are the reference's within float rounding", "", ordo::LeftToRight,
                   ordo::MaskedDiffusion<>, ordo::Orderings<4>) {
  TestType policy{};
  if constexpr (requires { policy.told; }) policy.told = true;
  const ordo::ModelConfig config{.layers = 3, .width = 64, .heads = 2, .vocab = 37, .context = 130, .init_std = 0.1};
  const auto batch = batch_of(policy, config, {130, 1, 67, 64});
  ordo::Network<ordo::Reference<double>> exact(config, {}, 3);
  double expected_loss = 0;
  const std::vector<double> expected = gradient_of(exact, batch, expected_loss);
  for (const int threads : {1, 2, 3}) {
    ordo::Network<ordo::Cpu> network(config, ordo::Cpu(threads), 3);
    double loss = 0;
    const std::vector<double> gradient = gradient_of(network, batch, loss);
    CHECK(loss == Approx(expected_loss).epsilon(1e-5));
    for (const ordo::Parameter& p : network.parameters()) {  // each parameter on its own scale
      double error = 0;
      double size = 0;
      for (std::int64_t i = p.offset; i < p.offset + p.size(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        error += (gradient[at] - expected[at]) * (gradient[at] - expected[at]);
        size += expected[at] * expected[at];
      }
      INFO(policy.name() << ", " << threads << " threads, " << p.name);
      REQUIRE(size > 0);
      CHECK(std::sqrt(error / size) < 2e-5);
    }
    double again_loss = 0;
    CHECK(gradient == gradient_of(network, batch, again_loss));  // the same bits
    CHECK(loss == again_loss);
  }
}
