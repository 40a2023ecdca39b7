// The CUDA backend in bf16 against the reference in double: its error may be twice that of plain loops that only round
// activations between operations. The same cases run on an emulated device (bf16_test.cpp) and on a GPU
// (device_test.cu).

#include <cmath>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <support/backend_agreement.hpp>
#include <support/mirrored_device.hpp>
#include <support/network_gradients.hpp>

#include <ordo/concepts/backend.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>

using namespace ordo;
using namespace ordo::testing;

namespace {

/// Sums in fp32 may differ by this where nothing is rounded to bf16.
constexpr double sums_differ = 5e-6;

template <class Disagreement>
void check_rounding(const Disagreement& disagreement) {
  CHECK(disagreement(Mirrored<Cuda>{}) <= 2 * disagreement(Mirrored<RoundedLoops>{}) + sums_differ);
}

}  // namespace

static_assert(Backend<Cuda>);

TEST_CASE("the plain loops do round, and so do the device's operations in bf16") {
  const auto of_swiglu = [](const auto& b) { return swiglu_disagreement(b, 130, 32); };
  CHECK(of_swiglu(Mirrored<RoundedLoops>{}) > 1e-3);
  CHECK(of_swiglu(Mirrored<Cuda>{}) > 1e-3);
}

TEST_CASE("the device's operations in bf16 round as little as they can") {
  for_each_disagreement(32, 10'007, [](const auto& disagreement) { check_rounding(disagreement); });
}

TEST_CASE("the device's products in bf16 round as little as they can") {
  for (const std::int64_t rows : {1, 7, 65}) {
    check_rounding([=](const auto& b) { return linear_disagreement(b, rows, 31, 67); });
    check_rounding([=](const auto& b) { return linear_disagreement(b, rows, 32, 64); });
  }
  check_rounding([](const auto& b) { return cross_entropy_disagreement(b); });
  check_rounding([](const auto& b) { return cross_entropy_disagreement(b, 1, 2, 6); });
  check_rounding([](const auto& b) { return cross_entropy_disagreement(b, 33, 1031, 5); });
}

TEMPLATE_TEST_CASE("a network in bf16 has the reference's gradients, at most twice as far off as it must be", "",
                   LeftToRight, MaskedDiffusion<>,
                   (Mixture<Weighted<LeftToRight, 1>, Weighted<Blockwise<16, MaskedDiffusion<>>, 1>>)) {
  const TestType policy{};
  const ModelConfig config{.layers = 2, .width = 64, .heads = 2, .vocab = 37, .context = 66, .init_std = 0.1};
  const auto batch = batch_of(policy, config, {66, 1, 34, 32});
  double exact_loss = 0;
  double rounded_loss = 0;
  double loss = 0;
  const Network<Cuda> network(config, Cuda(), 3);
  const auto exact = gradient_of(Network<Reference<double>>(config, {}, 3), batch, exact_loss);
  const auto rounded = gradient_of(Network<Mirrored<RoundedLoops>>(config, {}, 3), batch, rounded_loss);
  const auto got = gradient_of(network, batch, loss);
  CHECK(loss == Approx(exact_loss).epsilon(2e-3));
  for (const Parameter& p : network.parameters()) {
    INFO(p.name);
    CHECK(relative_difference(got, exact, p) <= 2 * relative_difference(rounded, exact, p));
  }
  double again_loss = 0;
  CHECK(got == gradient_of(network, batch, again_loss));
  CHECK(loss == again_loss);
}
