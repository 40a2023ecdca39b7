// The training loop: what it refuses before the first step, what it keeps, and when it ends.

#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/evaluate/evaluate.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/model/transformer.hpp>
#include <ordo/train/train.hpp>

namespace {

using Float = ordo::Reference<float>;
using ordo::Token;
using Model = ordo::Transformer<ordo::AnyFactorization, Float>;

/// 0 1 2 3 0 1 2 3 ..., or tokens that no rule gives.
ordo::Windows text(int tokens, bool counts, int context = 8) {
  std::vector<Token> all;
  std::uint32_t state = 1;
  for (int i = 0; i < tokens; ++i) {
    state = state * 1664525U + 1013904223U;
    all.push_back(counts ? i % 4 : static_cast<Token>(state >> 30));
  }
  return ordo::TokenDataset::from_tokens(all, 4, {.context = context}).train();
}

Model model(const char* factorization) {
  return Model({.layers = 1, .width = 16, .heads = 2, .hidden = 16, .vocab = 4, .context = 8, .init_std = 0.3},
               ordo::factorization_from_name(factorization));
}

}  // namespace

TEST_CASE("a policy that may only train is refused before the first step, unless nothing is to be evaluated") {
  Model suffix = model("mixture(1 ltr + 1 suffix-masked:by-share)");
  int steps = 0;
  ordo::TrainOptions options{.epochs = 2, .batch = 4};
  options.on_step = [&](const ordo::StepReport&) { ++steps; };
  CHECK_THROWS_WITH(ordo::train(suffix, text(64, true), text(32, true), options),
                    Catch::Contains("suffix-masked:by-share) may only train"));
  CHECK(steps == 0);
  CHECK(ordo::train(suffix, text(64, true), {}, options).finished);
  CHECK(steps == 4);
}

TEST_CASE("windows of validation that do not suit the policy are refused before the first step") {
  Model blocks = model("blockwise:4(masked)");
  CHECK_THROWS_WITH(ordo::train(blocks, text(64, true), text(30, true, 6), {.epochs = 2, .batch = 4}),
                    Catch::Contains("block 4, context 6"));
}

TEST_CASE("the weights that scored best are kept, and a run that only gets worse is stopped early") {
  // What is learned from the one text is wrong for the other, so the validation loss soon rises.
  Model ltr = model("ltr");
  ordo::TrainOptions options{.epochs = 200, .batch = 8, .learning_rate = 1e-2, .evaluate_every = 5};
  options.patience = 3;
  const ordo::Windows validation = text(64, false);
  const ordo::TrainResult result = ordo::train(ltr, text(64, true), validation, options);
  REQUIRE(result.finished);
  CHECK(result.stopped_early);
  CHECK(result.evaluations.size() >= 4);
  double best = std::numeric_limits<double>::infinity();
  for (const auto& e : result.evaluations) best = std::min(best, e.score.nats_per_token);
  CHECK(result.best.score.nats_per_token == best);
  CHECK(result.evaluations.back().score.nats_per_token > best);
  CHECK(ordo::evaluate(ltr, validation).nats_per_token == best);
}
