// The whole network on Cpu against the reference in double: losses and every gradient, for each factorization.

#include <catch2/catch.hpp>

#include <support/network_gradients.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>

using namespace ordo::testing;

TEMPLATE_TEST_CASE("losses and gradients on Cpu are the reference's within float rounding", "", ordo::LeftToRight,
                   ordo::MaskedDiffusion<>, ordo::Orderings<4>) {
  TestType policy{};
  if constexpr (requires { policy.told; }) policy.told = true;
  const ordo::ModelConfig config{.layers = 3, .width = 64, .heads = 2, .vocab = 37, .context = 130, .init_std = 0.1};
  const auto batch = batch_of(policy, config, {130, 1, 67, 64});
  for (const int threads : {1, 2, 3}) {
    INFO(policy.name() << ", " << threads << " threads");
    check_network(ordo::Cpu(threads), config, batch);
  }
}
