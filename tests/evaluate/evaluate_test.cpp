// Scores: against what a plain loop over the same plans gives, and law 5 (normalisation).

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/data/byte_dataset.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/evaluate/evaluate.hpp>
#include <ordo/factorizations.hpp>

namespace {

using Double = ordo::Reference<double>;
using ordo::Token;

ordo::ModelConfig tiny() {
  return {.layers = 2, .width = 8, .heads = 2, .hidden = 6, .vocab = 3, .context = 4, .dropout = 0.5, .init_std = 0.7};
}

ordo::Windows windows_of(std::vector<std::vector<Token>> documents, int context = 4) {
  return ordo::TokenDataset::from_documents(std::move(documents), 3, {.context = context}).train();
}

std::vector<std::vector<Token>> all_sequences(int length) {
  std::vector<std::vector<Token>> all = {{}};
  for (int t = 0; t < length; ++t) {
    std::vector<std::vector<Token>> longer;
    for (const auto& s : all) {
      for (Token v = 0; v < 3; ++v) {
        longer.push_back(s);
        longer.back().push_back(v);
      }
    }
    all = std::move(longer);
  }
  return all;
}

/// One order: token order[s] is predicted with the tokens before it in the order shown, and the mask elsewhere.
struct MaskedInOneOrder {
  using Rule = ordo::Full;
  std::vector<std::int32_t> order;
  std::size_t step = 0;  // which of the order's predictions this plan makes
  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C&, Slots& slots) const {
    ordo::Known known(static_cast<std::size_t>(shape.length), 0);
    for (std::size_t s = 0; s < step; ++s) known[static_cast<std::size_t>(order[s])] = 1;
    for (std::int32_t i = 0; i < shape.length; ++i) {
      ordo::Slot slot = known[static_cast<std::size_t>(i)] != 0 ? ordo::Slot::token(i) : ordo::Slot::mask(i);
      slots.push_back(i == order[step] ? slot.predicting(i) : slot);
    }
    return {};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
  [[nodiscard]] std::string name() const { return "one order"; }
};

/// Mean over all T! orders of the sequence's chain-rule loss, the network asked with masks.
double mean_over_orders(const ordo::Network<Double>& network, const std::vector<Token>& tokens) {
  MaskedInOneOrder policy;
  policy.order.resize(tokens.size());
  std::iota(policy.order.begin(), policy.order.end(), 0);
  double sum = 0;
  double orders = 0;
  do {
    for (policy.step = 0; policy.step < tokens.size(); ++policy.step) {
      sum += ordo::evaluate(network, windows_of({tokens}), policy).nats_per_token * static_cast<double>(tokens.size());
    }
    orders += 1;
  } while (std::next_permutation(policy.order.begin(), policy.order.end()));
  return sum / orders;
}

struct TrainingOnlyPolicy : ordo::LeftToRight {
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::training_only; }
};

}  // namespace

TEST_CASE("evaluate refuses what it cannot score, naming the value") {
  const ordo::Network<Double> network(tiny());
  const ordo::Windows data = windows_of({{0, 1, 2, 0, 1}});
  CHECK_THROWS_WITH(ordo::evaluate(network, ordo::Windows(), ordo::LeftToRight{}), Catch::Contains("no text to score"));
  CHECK_THROWS_WITH(ordo::evaluate(network, data, ordo::LeftToRight{}, {.draws = 0}), Catch::Contains("got 0"));
  CHECK_THROWS_WITH(ordo::evaluate(network, data, TrainingOnlyPolicy{}), Catch::Contains("may only train"));
  CHECK_THROWS_WITH(ordo::evaluate(network, windows_of({{0, 1, 2, 0, 1}}, 5), ordo::LeftToRight{}),
                    Catch::Contains("windows of 5 tokens"));
  std::stop_source stopped;
  stopped.request_stop();
  CHECK_THROWS_AS(ordo::evaluate(network, data, ordo::LeftToRight{}, {.stop = stopped.get_token()}), ordo::Stopped);
}

TEST_CASE("exact probabilities of all sequences add up to one") {
  const ordo::Network<Double> network(tiny(), {}, 7);
  for (const bool told : {false, true}) {
    double total = 0;
    for (const auto& s : all_sequences(4)) {
      total += std::exp(-4 * ordo::evaluate(network, windows_of({s}), ordo::Orderings<1>{.told = told}).nats_per_token);
    }
    CHECK(total == Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("the bound of masked diffusion is the mean over all orders, and its exponentials add up to less than one") {
  const ordo::Network<Double> network(tiny(), {}, 7);
  double total = 0;
  int checked = 0;
  for (const auto& s : all_sequences(3)) {
    const double expected = mean_over_orders(network, s);
    total += std::exp(-expected);
    if (++checked % 9 != 1) continue;  // three of the sequences by sampling, all of them in the sum
    const ordo::Score score = ordo::evaluate(network, windows_of({s}), ordo::MaskedDiffusion<>{}, {.draws = 20000});
    CHECK(score.error_over_draws > 0);
    CHECK(std::abs(score.nats_per_token - expected / 3) < 4 * score.error_over_draws);  // 4 standard errors
    CHECK_FALSE(score.exact());
  }
  CHECK(total < 1);
  CHECK(total > 0.5);
}

TEST_CASE("a score is the mean over tokens whatever the batch, and dropout is off") {
  const ordo::Network<Double> network(tiny(), {}, 7);
  const ordo::Windows data = windows_of({{0, 1, 2, 0, 1, 1, 2}, {2, 2, 0, 1, 0, 1}});
  for (const auto& name : {"ltr", "masked", "orderings:3:told"}) {
    const auto policy = ordo::factorization_from_name(name);
    const ordo::Score small = ordo::evaluate(network, data, policy, {.draws = 5, .batch_slots = 1});
    const ordo::Score large = ordo::evaluate(network, data, policy, {.draws = 5, .batch_slots = 5000});
    CHECK(small.nats_per_token == large.nats_per_token);
    CHECK(small.tokens == 13);
    double sum = 0;
    for (std::size_t w = 0; w < data.size(); ++w) {
      std::vector<Token> one;
      data.copy(w, one);
      sum += ordo::evaluate(network, windows_of({one}), ordo::LeftToRight{}).nats_per_token *
             static_cast<double>(one.size());
    }
    if (small.exact()) CHECK(small.nats_per_token == Approx(sum / 13).epsilon(1e-12));
  }
}

TEST_CASE("a network trained over orderings is scored left to right, exactly") {
  ordo::Transformer<ordo::Orderings<16>, Double> model(tiny());
  const ordo::Windows data = windows_of({{0, 1, 2, 0, 1}});
  const ordo::Score score = ordo::evaluate(model, data);
  CHECK(score.exact());
  CHECK(score.draws == 1);
  CHECK(score.nats_per_token == ordo::evaluate(model.network(), data, ordo::LeftToRight{}).nats_per_token);
}

TEST_CASE("error over texts is that of a ratio over windows, or over documents where there are eight") {
  const std::vector<double> total = {2, 4, 9};
  const std::vector<double> size = {1, 2, 4};
  // ratio 15/7; residuals 2 - 15/7, 4 - 30/7, 9 - 60/7
  const double squares = std::pow(2 - 15.0 / 7, 2) + std::pow(4 - 30.0 / 7, 2) + std::pow(9 - 60.0 / 7, 2);
  CHECK(ordo::detail::ratio_error(total, size) == Approx(std::sqrt(squares * 3 / 2) / 7));
  const ordo::Network<Double> network(tiny(), {}, 7);
  const auto printed = [&](const std::vector<std::vector<Token>>& documents) {
    std::ostringstream line;
    line << ordo::evaluate(network, windows_of(documents), ordo::LeftToRight{});
    return line.str();
  };
  CHECK_THAT(printed({{0, 1, 2, 0, 1, 1, 2, 2, 0}}), Catch::Contains("(3 windows)"));
  CHECK_THAT(printed(std::vector<std::vector<Token>>(7, {0, 1, 2, 0, 1, 1})), Catch::Contains("(14 windows)"));
  CHECK_THAT(printed(std::vector<std::vector<Token>>(8, {0, 1, 2, 0, 1, 1})), Catch::Contains("(8 documents)"));
  CHECK_THAT(printed({{0, 1, 2}}), Catch::Contains("nan (1 window)"));  // one unit says nothing of its error
}

TEST_CASE("a printed bound says that it is one, and bits per byte follow from nats") {
  const ordo::Network<Double> network({.layers = 1, .width = 8, .heads = 2, .vocab = 256, .context = 8});
  const ordo::Windows text = ordo::ByteDataset::from_text("some text to score", {.context = 8}).train();
  const ordo::Score exact = ordo::evaluate(network, text, ordo::LeftToRight{});
  const ordo::Score bound = ordo::evaluate(network, text, ordo::MaskedDiffusion<>{}, {.draws = 4});
  CHECK(exact.bits_per_byte == Approx(exact.nats_per_token / std::log(2.0)));
  std::ostringstream printed;
  printed << exact << "\n" << bound;
  CHECK_THAT(printed.str(), Catch::Contains("exact") && Catch::Contains("upper bound") && Catch::Contains("4 draws"));
}

TEST_CASE("given tokens are not scored: with a prefix, left to right is the end of the chain rule") {
  const ordo::Network<Double> network(tiny(), {}, 7);
  const ordo::Windows data = windows_of({{0, 1, 2, 0}, {2, 1, 1}});
  const ordo::Score score = ordo::evaluate(network, data, ordo::Prefix<ordo::MaskedDiffusion<>>{{}, 2}, {.draws = 3});
  CHECK(score.tokens == 3);  // 4 - 2 and 3 - 2
  CHECK_THROWS_WITH(ordo::evaluate(network, data, ordo::Prefix<ordo::LeftToRight>{{}, 4}),
                    Catch::Contains("prefix must be shorter than the context (got prefix 4, context 4)"));
  CHECK_THROWS_WITH(ordo::evaluate(network, windows_of({{0, 1}}), ordo::Prefix<ordo::LeftToRight>{{}, 3}),
                    Catch::Contains("all are given"));
  CHECK_THROWS_WITH(ordo::evaluate(network, data, ordo::Blockwise<3, ordo::MaskedDiffusion<>>{}),
                    Catch::Contains("block must divide the context (got block 3, context 4)"));
}

TEST_CASE("bits per byte are those of the scored tokens") {
  const ordo::Network<Double> network({.layers = 1, .width = 8, .heads = 2, .vocab = 256, .context = 8});
  const ordo::Windows text = ordo::ByteDataset::from_text("some text to score", {.context = 8}).train();
  const ordo::Score score = ordo::evaluate(network, text, ordo::Prefix<ordo::LeftToRight>{{}, 3});
  CHECK(score.bits_per_byte == Approx(score.nats_per_token / std::log(2.0)));
}

TEST_CASE("exact probabilities add up to one given each prefix, and in blocks that are left to right inside") {
  const ordo::Network<Double> network(tiny(), {}, 7);
  std::map<Token, double> given;
  double blocks = 0;
  for (const auto& s : all_sequences(4)) {
    given[s[0]] +=
        std::exp(-3 * ordo::evaluate(network, windows_of({s}), ordo::Prefix<ordo::LeftToRight>{{}, 1}).nats_per_token);
    blocks +=
        std::exp(-4 * ordo::evaluate(network, windows_of({s}), ordo::Blockwise<2, ordo::LeftToRight>{}).nats_per_token);
  }
  for (const auto& [first, total] : given) CHECK(total == Approx(1).epsilon(1e-12));
  CHECK(blocks == Approx(1).epsilon(1e-12));
}
