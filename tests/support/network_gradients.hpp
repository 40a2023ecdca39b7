#pragma once
// The whole network on a backend against the reference in double: the loss and every parameter's gradient.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/model/backward.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/network.hpp>

namespace ordo::testing {

/// Random sequences of these lengths under a policy, packed.
template <class F>
[[nodiscard]] Batch<typename F::Rule> batch_of(const F& policy, const ModelConfig& config,
                                               const std::vector<int>& lengths) {
  Batch<typename F::Rule> batch;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    Stream stream(11, Purpose::test, i);
    std::vector<Token> tokens;
    for (int t = 0; t < lengths[i]; ++t) {
      tokens.push_back(static_cast<Token>(stream.below(static_cast<std::uint32_t>(config.vocab))));
    }
    RandomChoices choices(5, Purpose::plan, i);
    std::vector<Slot> slots;
    const auto rule = policy.plan({lengths[i]}, choices, slots);
    batch.add(slots, rule, tokens, config, i);
  }
  return batch;
}

template <class B, class Rule>
[[nodiscard]] std::vector<double> gradient_of(const Network<B>& network, const Batch<Rule>& batch, double& loss,
                                              double dropout = 0.1, Pass pass = Pass::backward) {
  using R = typename B::Scalar;
  Workspace<B> workspace(network, {batch.slots(), batch.predictions()}, pass);
  auto gradient = allocate<R>(network.backend(), network.values().size());
  loss = accumulate_gradient(network, batch, 0.01, {dropout, 77}, workspace, gradient.span());
  HostCopy<R> copy;
  const auto own = copy.of(network.backend(), std::span<const R>(gradient.span()));
  return {own.begin(), own.end()};
}

/// The distance of two gradients of one parameter, on the scale of the second.
[[nodiscard]] inline double relative_difference(const std::vector<double>& got, const std::vector<double>& expected,
                                                const Parameter& p) {
  double error = 0;
  double size = 0;
  for (std::int64_t i = p.offset; i < p.offset + p.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    error += (got[at] - expected[at]) * (got[at] - expected[at]);
    size += expected[at] * expected[at];
  }
  REQUIRE(size > 0);
  return std::sqrt(error / size);
}

/// Checks that a network on `backend` has the reference's loss and gradients, and the same bits when asked again.
template <class B, class Rule>
void check_network(const B& backend, const ModelConfig& config, const Batch<Rule>& batch) {
  const Network<Reference<double>> exact(config, {}, 3);
  double expected_loss = 0;
  const std::vector<double> expected = gradient_of(exact, batch, expected_loss);
  const Network<B> network(config, backend, 3);
  double loss = 0;
  const std::vector<double> gradient = gradient_of(network, batch, loss);
  CHECK(loss == Approx(expected_loss).epsilon(1e-5));
  for (const Parameter& p : network.parameters()) {
    INFO(p.name);
    CHECK(relative_difference(gradient, expected, p) < 2e-5);
  }
  double again_loss = 0;
  CHECK(gradient == gradient_of(network, batch, again_loss));
  CHECK(loss == again_loss);
}

}  // namespace ordo::testing
