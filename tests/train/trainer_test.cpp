// The optimiser step: what it learns, what it is a function of, and what it refuses.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/train/epoch_shuffle.hpp>
#include <ordo/train/learning_rate.hpp>
#include <ordo/train/trainer.hpp>

namespace {

using Float = ordo::Reference<float>;
using ordo::Token;

ordo::ModelConfig tiny(double dropout = 0) {
  return {.layers = 2, .width = 16, .heads = 2, .hidden = 16, .vocab = 4, .context = 8, .dropout = dropout};
}

/// 0 1 2 3 0 1 2 3 ...
ordo::Windows counting(int tokens, int context = 8) {
  std::vector<Token> text;
  for (int i = 0; i < tokens; ++i) text.push_back(i % 4);
  return ordo::TokenDataset::from_tokens(text, 4, {.context = context}).train();
}

template <class F>
std::vector<float> weights_after(const ordo::TrainOptions& options, int steps, double dropout = 0) {
  ordo::Network<Float> network(tiny(dropout), {}, 1);
  ordo::Trainer<F, Float> trainer(network, F{}, counting(61), options);
  for (int i = 0; i < steps; ++i) trainer.advance();
  return {network.values().begin(), network.values().end()};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return worst;
}

}  // namespace

TEST_CASE("training refuses settings that cannot work, naming the value") {
  ordo::Network<Float> network(tiny());
  const auto attempt = [&](const ordo::TrainOptions& options, const ordo::Windows& data) {
    ordo::Trainer<ordo::LeftToRight, Float> trainer(network, {}, data, options);
  };
  const ordo::Windows data = counting(64);
  CHECK_THROWS_WITH(attempt({.epochs = 0}, data), Catch::Contains("epochs must be positive (got 0)"));
  CHECK_THROWS_WITH(attempt({.epochs = std::numeric_limits<double>::quiet_NaN()}, data), Catch::Contains("got nan"));
  CHECK_THROWS_WITH(attempt({.batch = -3}, data), Catch::Contains("batch must be positive (got -3)"));
  CHECK_THROWS_WITH(attempt({.learning_rate = -1}, data), Catch::Contains("learning_rate must be positive (got -1)"));
  CHECK_THROWS_WITH(attempt({.unique_tokens = 65}, data), Catch::Contains("64") && Catch::Contains("65"));
  CHECK_THROWS_WITH(attempt({}, counting(64, 9)), Catch::Contains("windows of 9 tokens"));
  CHECK_THROWS_WITH(attempt({}, ordo::TokenDataset::from_tokens({0, 9}, 10, {.context = 8}).train()),
                    Catch::Contains("vocabulary has 10"));
}

TEMPLATE_TEST_CASE("a text that counts is learned", "", ordo::LeftToRight, ordo::MaskedDiffusion<>,
                   ordo::Orderings<2>) {
  ordo::Network<Float> network(tiny(), {}, 1);
  ordo::Trainer<TestType, Float> trainer(network, TestType{}, counting(64),
                                         {.epochs = 400, .batch = 8, .learning_rate = 1e-2, .weight_decay = 0});
  REQUIRE(trainer.steps() == 400);
  double first = 0;
  double last = 0;
  while (!trainer.finished()) {
    const ordo::StepReport report = trainer.advance();
    if (report.step <= 10) first += report.loss / 10;
    if (report.step > report.steps - 10) last += report.loss / 10;
  }
  CHECK(first > 1.0);  // log 4 = 1.39 at the start
  CHECK(last < 0.4 * first);
  CHECK(trainer.epoch() == Approx(400));
  CHECK(trainer.tokens() == 400 * 64);
}

TEST_CASE("weights are a function of the seed") {
  const ordo::TrainOptions options{.epochs = 5, .batch = 3, .seed = 2};
  ordo::TrainOptions other = options;
  other.seed = 3;
  const auto a = weights_after<ordo::MaskedDiffusion<>>(options, 6, 0.2);
  CHECK(a == weights_after<ordo::MaskedDiffusion<>>(options, 6, 0.2));
  CHECK(a != weights_after<ordo::MaskedDiffusion<>>(other, 6, 0.2));
}

TEMPLATE_TEST_CASE("accumulating over passes gives the same step up to rounding", "", ordo::LeftToRight,
                   ordo::MaskedDiffusion<>) {
  const ordo::TrainOptions whole{.epochs = 5, .batch = 5, .micro_slots = 1000};
  ordo::TrainOptions split = whole;
  split.micro_slots = 9;
  // Dropout on: its draws, like the plans', are functions of the sample, not of the pass.
  CHECK(largest_difference(weights_after<TestType>(whole, 4, 0.2), weights_after<TestType>(split, 4, 0.2)) < 2e-5);
}

TEST_CASE("a loss that is no number stops training with the weights as they were") {
  ordo::Network<Float> network(tiny(), {}, 1);
  ordo::Trainer<ordo::LeftToRight, Float> trainer(network, {}, counting(64), {.epochs = 100});
  trainer.advance();
  network.values()[5] = std::numeric_limits<float>::infinity();
  const std::vector<float> before(network.values().begin(), network.values().end());
  CHECK_THROWS_WITH(trainer.advance(), Catch::Contains("no longer a finite number") && Catch::Contains("step 2"));
  CHECK(std::equal(before.begin(), before.end(), network.values().begin()));
  CHECK(trainer.step() == 1);
}

TEST_CASE("averaged weights follow the weights and are the ones that are evaluated") {
  ordo::Network<Float> network(tiny(), {}, 1);
  ordo::Trainer<ordo::LeftToRight, Float> trainer(network, {}, counting(64), {.epochs = 100, .average = 0.9});
  for (int i = 0; i < 20; ++i) trainer.advance();
  const auto now = network.values();
  const auto average = trainer.evaluated().values();
  CHECK_FALSE(std::equal(now.begin(), now.end(), average.begin()));
  double apart = 0;
  double size = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    apart += std::pow(static_cast<double>(now[i]) - static_cast<double>(average[i]), 2);
    size += std::pow(static_cast<double>(now[i]), 2);
  }
  CHECK(apart < 0.1 * size);
}

TEST_CASE("every epoch shows each window once, in an order of its own") {
  ordo::EpochShuffle shuffle(7, 50);
  std::vector<std::vector<std::size_t>> epochs(3);
  for (std::uint64_t n = 0; n < 150; ++n) epochs[n / 50].push_back(shuffle.window(n));
  for (const auto& epoch : epochs) CHECK(std::set<std::size_t>(epoch.begin(), epoch.end()).size() == 50);
  CHECK(epochs[0] != epochs[1]);
  CHECK(epochs[1] != epochs[2]);
  CHECK(shuffle.window(3) == epochs[0][3]);  // going back works: a function of n
}

TEST_CASE("the learning rate rises over the warm-up, then falls along a cosine to its final share") {
  const ordo::TrainOptions options{.learning_rate = 1, .final_rate = 0.1, .warmup = 0.1};
  CHECK(ordo::learning_rate(options, 0, 100) == Approx(0.1));
  CHECK(ordo::learning_rate(options, 9, 100) == Approx(1.0));
  CHECK(ordo::learning_rate(options, 10, 100) == Approx(1.0));
  CHECK(ordo::learning_rate(options, 99, 100) == Approx(0.1));
  CHECK(ordo::learning_rate(options, 54, 100) == Approx(0.55).margin(0.01));
  CHECK(ordo::learning_rate({.learning_rate = 1, .warmup = 0}, 0, 1) == Approx(1.0));
}

namespace {

/// Left to right, but for one sample whose plan fails the first time it is drawn.
struct FailsOnce {
  using Rule = ordo::Causal;
  std::shared_ptr<int> left = std::make_shared<int>(0);  ///< draws until it fails, 0: never

  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C& choices, Slots& slots) const {
    if (*left > 0 && --*left == 0) throw std::runtime_error("on purpose");
    return ordo::LeftToRight{}.plan(shape, choices, slots);
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
  [[nodiscard]] std::string name() const { return "fails-once"; }
};

}  // namespace

TEST_CASE("a step that failed on its way may be tried again, and is the same step") {
  const auto text = [] {
    std::vector<ordo::Token> all;
    for (int i = 0; i < 8 * 16; ++i) all.push_back(i % 5);
    return ordo::TokenDataset::from_tokens(all, 5, {.context = 8}).train();
  }();
  const ordo::ModelConfig config{.layers = 1, .width = 16, .heads = 2, .vocab = 5, .context = 8, .init_std = 0.2};
  const ordo::TrainOptions options{.epochs = 3, .batch = 4, .micro_slots = 8};  // four passes
  std::vector<double> expected;
  {
    ordo::Network<ordo::Reference<float>> network(config, {}, 1);
    ordo::Trainer trainer(network, FailsOnce{}, text, options);
    for (int i = 0; i < 3; ++i) expected.push_back(trainer.advance().loss);
  }
  for (int when = 1; when <= 13; ++when) {  // in a first pass, in a later one, and in what is drawn ahead
    INFO("draw " << when << " fails");
    ordo::Network<ordo::Reference<float>> network(config, {}, 1);
    const FailsOnce policy{std::make_shared<int>(when)};
    ordo::Trainer trainer(network, policy, text, options);
    int failures = 0;
    for (std::size_t i = 0; i < 3;) {
      try {
        const double loss = trainer.advance().loss;
        CHECK(loss == expected[i]);
        ++i;
      } catch (const std::runtime_error&) {
        ++failures;
      }
    }
    CHECK(failures <= 1);
  }
}
