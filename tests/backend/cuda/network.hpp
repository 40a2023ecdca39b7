// The whole network on the device against the reference in double: losses and gradients. Included once by a test
// program.

#include <catch2/catch.hpp>

#include <support/network_gradients.hpp>

#include <ordo/backend/cuda/cuda.cuh>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/orderings.hpp>

namespace {

using Halves = ordo::Mixture<ordo::Weighted<ordo::LeftToRight, 1>,
                             ordo::Weighted<ordo::Blockwise<16, ordo::MaskedDiffusion<>>, 1>>;

}  // namespace

TEMPLATE_TEST_CASE("losses and gradients on the device are the reference's within float rounding", "",
                   ordo::LeftToRight, ordo::MaskedDiffusion<>, ordo::Orderings<4>, Halves) {
  TestType policy{};
  if constexpr (requires { policy.told; }) policy.told = true;
  const ordo::ModelConfig config{.layers = 2, .width = 64, .heads = 2, .vocab = 37, .context = 66, .init_std = 0.1};
  INFO(policy.name());
  ordo::testing::check_network(ordo::CudaFloat(), config, ordo::testing::batch_of(policy, config, {66, 1, 34, 32}));
}

TEMPLATE_TEST_CASE("activations that the device works out again give the same loss and gradients, to the bit", "",
                   ordo::Cuda, ordo::CudaFloat) {
  const ordo::ModelConfig config{.layers = 3, .width = 64, .heads = 2, .vocab = 37, .context = 34, .init_std = 0.1};
  const ordo::Network<TestType> network(config, TestType(), 3);
  const auto batch = ordo::testing::batch_of(ordo::MaskedDiffusion<>(), config, {34, 1, 17});
  for (const double dropout : {0.0, 0.1}) {
    double kept_loss = 0;
    double loss = 0;
    const auto kept = ordo::testing::gradient_of(network, batch, kept_loss, dropout, ordo::Pass::backward);
    CHECK(ordo::testing::gradient_of(network, batch, loss, dropout, ordo::Pass::recompute) == kept);
    CHECK(loss == kept_loss);
  }
}
