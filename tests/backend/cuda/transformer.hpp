// A transformer on the device against one on the host (the reference backend in float): training, scores, samples and
// files. Included once by a test program that has defined `curve_steps`.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <support/scratch_folder.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/cuda.cuh>

namespace {

using Host = ordo::Reference<float>;
using ordo::AnyFactorization;
using ordo::Token;
template <class B>
using Model = ordo::Transformer<AnyFactorization, B>;

/// Text with something to learn: each token follows from the one before, but for one in eight.
ordo::Windows chain(int tokens, std::uint32_t state, int context) {
  std::vector<Token> all;
  Token now = 0;
  for (int i = 0; i < tokens; ++i) {
    state = state * 1664525U + 1013904223U;
    now = state >> 29 == 0 ? static_cast<Token>(state >> 8 & 7U) : (now * 3 + 1) % 8;
    all.push_back(now);
  }
  return ordo::TokenDataset::from_tokens(all, 8, {.context = context}).train();
}

constexpr int context = 16;

template <class B>
Model<B> model(const char* factorization, double dropout = 0.1, int heads = 2) {
  const ordo::ModelConfig config{.layers = 2,
                                 .width = 32,
                                 .heads = heads,
                                 .hidden = 32,
                                 .vocab = 8,
                                 .context = context,
                                 .dropout = dropout,
                                 .init_std = 0.1};
  return Model<B>(config, ordo::factorization_from_name(factorization), B(), 5);
}

ordo::TrainOptions options(double epochs) {
  ordo::TrainOptions o{.epochs = epochs, .batch = 4, .learning_rate = 3e-3};
  o.evaluations = 2;
  o.evaluation.draws = 2;
  o.micro_slots = 2 * context;  // several passes a step
  return o;
}

template <class B>
std::vector<float> weights(const ordo::Network<B>& network) {
  ordo::HostCopy<float> copy;
  const auto values = copy.of(network.backend(), network.values());
  return {values.begin(), values.end()};
}

struct Curve {
  std::vector<double> loss;
  std::vector<double> norm;
};

template <class B>
Curve curve_of(Model<B>& m, const ordo::Windows& text, ordo::TrainOptions o) {
  Curve curve;
  o.on_step = [&](const ordo::StepReport& report) {
    curve.loss.push_back(report.loss);
    curve.norm.push_back(report.gradient_norm);
  };
  ordo::train(m, text, {}, o);
  return curve;
}

}  // namespace

TEST_CASE("training on the device follows the host's curve, and the trained models score alike") {
  const char* name = GENERATE("ltr", "mixture(1 masked + 1 blockwise:4(masked))");
  INFO(name);
  const ordo::Windows text = chain(20 * context, 1, context);
  auto on_host = model<Host>(name);
  auto on_device = model<ordo::CudaFloat>(name);
  CHECK(weights(on_host.network()) == weights(on_device.network()));
  ordo::TrainOptions o = options(4.0 * curve_steps / 20);
  o.average = 0.9;
  const Curve expected = curve_of(on_host, text, o);
  const Curve got = curve_of(on_device, text, o);
  REQUIRE(got.loss.size() == curve_steps);
  for (std::size_t i = 0; i < expected.loss.size(); ++i) {
    INFO("step " << i + 1);
    // Rounding grows along the way: about a digit in a hundred steps of this model.
    CHECK(got.loss[i] == Approx(expected.loss[i]).epsilon(2e-4));
    CHECK(got.norm[i] == Approx(expected.norm[i]).epsilon(5e-3));
  }
  if (std::string(name) == "ltr") CHECK(got.loss.back() < 0.8 * got.loss.front());
  const ordo::Windows validation = chain(8 * context, 2, context);
  const ordo::Score host_score = ordo::evaluate(on_host, validation, {.draws = 4});
  const ordo::Score device_score = ordo::evaluate(on_device, validation, {.draws = 4});
  CHECK(device_score.nats_per_token == Approx(host_score.nats_per_token).epsilon(1e-3));
  CHECK(device_score.error_over_draws == Approx(host_score.error_over_draws).margin(1e-3));
}

TEST_CASE("one network gives the same scores and samples on the device as on the host") {
  const ordo::Windows text = chain(20 * context, 1, context);
  auto trained = model<Host>("ltr", 0.0);
  ordo::train(trained, text, {}, options(40));
  const ScratchFolder folder;
  ordo::write_model(folder / "host", trained.network(), "ltr", {});
  const auto host = ordo::read_model<Host>(folder / "host");
  const auto device = ordo::read_model<ordo::CudaFloat>(folder / "host");
  CHECK(weights(host.network) == weights(device.network));
  ordo::write_model(folder / "device", device.network, "ltr", {});
  CHECK(weights(ordo::read_model<Host>(folder / "device").network) == weights(host.network));

  const ordo::Windows validation = chain(5 * context, 2, context);
  for (const char* name : {"ltr", "masked", "blockwise:4(masked)", "any-order", "orderings:4:told"}) {
    INFO(name);
    const AnyFactorization policy = ordo::factorization_from_name(name);
    const double expected = ordo::evaluate(host.network, validation, policy, {.draws = 3}).nats_per_token;
    CHECK(ordo::evaluate(device.network, validation, policy, {.draws = 3}).nats_per_token ==
          Approx(expected).epsilon(1e-5));
    ordo::GenerateOptions how;
    how.length = context;
    how.temperature = 0;
    CHECK(ordo::generate(device.network, policy, 2, how) == ordo::generate(host.network, policy, 2, how));
    how.cache = false;
    CHECK(ordo::generate(device.network, policy, 2, how) == ordo::generate(host.network, policy, 2, how));
    how.cache = true;
    how.temperature = 1;
    CHECK(ordo::generate(device.network, policy, 2, how) == ordo::generate(host.network, policy, 2, how));
  }
}

TEST_CASE("a run on the device that is stopped goes on to the bit, and gives its moments back to the host") {
  const ordo::Windows text = chain(12 * context, 1, context);
  const ordo::Windows validation = chain(4 * context, 2, context);
  const ScratchFolder folder;
  const char* name = "mixture(1 ltr + 1 masked)";
  ordo::TrainOptions o = options(4);  // 12 steps
  o.average = 0.9;
  o.directory = folder / "whole";
  auto whole = model<ordo::CudaFloat>(name);
  REQUIRE(ordo::train(whole, text, validation, o).finished);

  std::stop_source stop;
  ordo::TrainOptions part = o;
  part.directory = folder / "part";
  part.stop = stop.get_token();
  part.on_step = [&](const ordo::StepReport& report) {
    if (report.step == 5) stop.request_stop();
  };
  auto first = model<ordo::CudaFloat>(name);
  const ordo::TrainResult stopped = ordo::train(first, text, validation, part);
  REQUIRE_FALSE(stopped.finished);
  REQUIRE(stopped.steps == 5);
  std::filesystem::copy(folder / "part", folder / "moved", std::filesystem::copy_options::recursive);
  part.stop = {};
  part.on_step = {};
  auto second = model<ordo::CudaFloat>(name);
  REQUIRE(ordo::train(second, text, validation, part).finished);
  CHECK(weights(second.network()) == weights(whole.network()));

  // The host refuses to take it up unasked, and then goes on as the device would but for rounding.
  part.directory = folder / "moved";
  auto third = model<Host>(name);
  CHECK_THROWS_WITH(ordo::train(third, text, validation, part), Catch::Contains("has backend = \"cuda fp32"));
  part.change_backend = true;
  REQUIRE(ordo::train(third, text, validation, part).finished);
  const std::vector<float> expected = weights(whole.network());
  const std::vector<float> got = weights(third.network());
  double furthest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    furthest = std::max(furthest, static_cast<double>(std::abs(expected[i] - got[i])));
  }
  CHECK(furthest < 1e-3);  // of steps of up to 3e-3
  CHECK(furthest > 0);
}

TEST_CASE("a loss that is no number leaves the device's weights as they were") {
  auto broken = model<ordo::CudaFloat>("ltr");
  const float infinity = std::numeric_limits<float>::infinity();
  ordo::upload(broken.network().backend(), std::span<const float>(&infinity, 1), broken.network().values().data() + 5);
  const std::vector<float> before = weights(broken.network());
  CHECK_THROWS_WITH(ordo::train(broken, chain(4 * context, 1, context), {}, options(1)),
                    Catch::Contains("no longer a finite number"));
  CHECK(weights(broken.network()) == before);
}

TEST_CASE("in bf16 the device learns as the host does in float, and a stopped run goes on to the bit") {
  const ordo::Windows text = chain(20 * context, 1, context);
  const ordo::Windows validation = chain(4 * context, 2, context);
  auto on_host = model<Host>("ltr", 0.1, 1);
  auto on_device = model<ordo::Cuda>("ltr", 0.1, 1);
  CHECK(weights(on_host.network()) == weights(on_device.network()));  // masters in float
  ordo::TrainOptions o = options(8);                                  // 40 steps
  const Curve expected = curve_of(on_host, text, o);
  const Curve got = curve_of(on_device, text, o);
  for (std::size_t i = 0; i < expected.loss.size(); ++i) {
    INFO("step " << i + 1);
    CHECK(got.loss[i] == Approx(expected.loss[i]).epsilon(0.02));
  }
  CHECK(got.loss.back() < 0.8 * got.loss.front());
  CHECK(weights(on_host.network()) != weights(on_device.network()));
  const double host_score = ordo::evaluate(on_host, validation).nats_per_token;
  CHECK(ordo::evaluate(on_device, validation).nats_per_token == Approx(host_score).epsilon(0.02));
  CHECK(ordo::generate(on_device, {.length = context, .seed = 1}).size() == context);

  const ScratchFolder folder;
  ordo::write_model(folder / "model", on_device.network(), "ltr", {});
  CHECK(weights(ordo::read_model<Host>(folder / "model").network) == weights(on_device.network()));

  o = options(2);
  o.average = 0.9;
  o.directory = folder / "whole";
  auto whole = model<ordo::Cuda>("ltr", 0.1, 1);
  REQUIRE(ordo::train(whole, text, validation, o).finished);
  std::stop_source stop;
  o.directory = folder / "part";
  o.stop = stop.get_token();
  o.on_step = [&](const ordo::StepReport& report) {
    if (report.step == 4) stop.request_stop();
  };
  auto first = model<ordo::Cuda>("ltr", 0.1, 1);
  REQUIRE_FALSE(ordo::train(first, text, validation, o).finished);
  o.stop = {};
  auto second = model<ordo::Cuda>("ltr", 0.1, 1);
  REQUIRE(ordo::train(second, text, validation, o).finished);
  CHECK(weights(second.network()) == weights(whole.network()));
}

TEST_CASE("in bf16 heads that matrix units do not take are refused in one sentence") {
  auto narrow = model<ordo::Cuda>("ltr");
  CHECK_THROWS_WITH(
      ordo::train(narrow, chain(4 * context, 1, context), {}, options(1)),
      Catch::StartsWith("[ordo] attention: in bf16 the head size must be 32") && Catch::EndsWith(" (got 16)"));
}

TEST_CASE("passes of many shapes, whose lists move in the device's memory, train as on the host") {
  // Early passes have few predictions, later ones many: what is queued again must follow the lists.
  const char* name = GENERATE("curriculum(masked:clipped=0.1-0.3 to ltr)",
                              "curriculum:switch(masked:clipped=0.1-0.2 to mixture(1 ltr + 1 blockwise:4(masked)))");
  INFO(name);
  const ordo::Windows text = chain(24 * context, 3, context);
  ordo::TrainOptions o = options(2);
  o.batch = 1;
  auto on_host = model<Host>(name);
  auto on_device = model<ordo::CudaFloat>(name);
  const Curve expected = curve_of(on_host, text, o);
  const Curve got = curve_of(on_device, text, o);
  for (std::size_t i = 0; i < expected.loss.size(); ++i) {
    INFO("step " << i + 1);
    CHECK(got.loss[i] == Approx(expected.loss[i]).epsilon(2e-4));
  }
}
