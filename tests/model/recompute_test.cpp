// Activations that are worked out again in the backward pass.

#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <support/network_gradients.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/backend/reference/reference.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/train/memory.hpp>

namespace {

using namespace ordo;

template <class B, class Rule>
std::vector<double> gradient(const Network<B>& network, const Batch<Rule>& batch, Pass pass) {
  Workspace<B> workspace(network, {batch.slots(), batch.predictions()}, pass);
  auto sums = allocate<ScalarOf<B>>(network.backend(), network.values().size());
  const double loss = accumulate_gradient(network, batch, 0.01, {0.2, 3}, workspace, sums.span());
  std::vector<double> all(sums.span().begin(), sums.span().end());
  all.push_back(loss);
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("recomputed activations give the same loss and gradients, to the bit", "", LeftToRight,
                   MaskedDiffusion<>, (Blockwise<4, MaskedDiffusion<>>)) {
  for (const int layers : {1, 2, 5}) {
    const ModelConfig config{
        .layers = layers, .width = 32, .heads = 2, .vocab = 11, .context = 12, .dropout = 0.2, .init_std = 0.2};
    const auto batch = testing::batch_of(TestType{}, config, {12, 8, 4});
    const Network<Reference<double>> exact(config, {}, 1);
    CHECK(gradient(exact, batch, Pass::recompute) == gradient(exact, batch, Pass::backward));
    const Network<Cpu> cores(config, Cpu(2), 1);
    CHECK(gradient(cores, batch, Pass::recompute) == gradient(cores, batch, Pass::backward));
  }
}

TEST_CASE("recomputed activations take the memory of one layer and the entries of all") {
  const auto bytes = [](int layers, Pass pass) {
    const ModelConfig config{.layers = layers, .width = 64, .heads = 2, .vocab = 11, .context = 12};
    return Workspace<Cpu>::planned_bytes(config, {1024, 1024, false}, pass);
  };
  const std::int64_t entry = 1024 * 64 * sizeof(float);
  CHECK(bytes(1, Pass::recompute) == bytes(1, Pass::backward));
  CHECK(bytes(9, Pass::recompute) - bytes(1, Pass::recompute) == 8 * entry);
  CHECK(bytes(9, Pass::backward) - bytes(1, Pass::backward) > 8 * 10 * entry);

  const ModelConfig config{.layers = 8, .width = 64, .heads = 2, .vocab = 11, .context = 12};
  TrainOptions options;
  const std::int64_t kept = training_memory<Cpu>(config, options, false, LeftToRight{}).activations;
  options.recompute = true;
  CHECK(training_memory<Cpu>(config, options, false, LeftToRight{}).activations < kept / 2);
}
