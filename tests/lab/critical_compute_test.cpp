// Critical compute over made sweeps whose crossings are known.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/rng.hpp>
#include <ordo/lab/critical_compute.hpp>

namespace {

using ordo::Crossing;
using ordo::RunRecord;

/// A run of `flops` whose windows have this loss per token, with noise that all runs share and some of its own.
RunRecord run(const std::string& factorization, double unique, double flops, double loss, std::uint64_t seed = 0,
              double own_noise = 0) {
  constexpr std::size_t windows = 40;
  RunRecord r;
  r.settings.factorization = factorization;
  r.settings.unique_tokens = static_cast<std::int64_t>(unique);
  r.settings.epochs = flops;
  r.settings.seed = seed;
  r.flops_by_rule = flops;
  r.flops_counted = 2 * flops;
  ordo::Stream shared(1, ordo::Purpose::test, 0);
  ordo::Stream own(static_cast<std::uint64_t>(flops) ^ seed, ordo::Purpose::test, 1);
  for (std::size_t w = 0; w < windows; ++w) {
    const double nats = 100 * (loss + 0.3 * shared.normal() + own_noise * own.normal());
    r.window_tokens.push_back(100);
    r.exact.nats.push_back(nats);
    r.own.nats.push_back(nats + (factorization == "masked" ? 20 : 0));  // a bound that is 0.2 too high
  }
  for (ordo::WindowScore* score : {&r.own, &r.exact}) {
    double sum = 0;
    for (const double nats : score->nats) sum += nats;
    score->nats_per_token = sum / (100.0 * windows);
  }
  return r;
}

/// ltr falls to 2 and stays; masked falls from 6 by 0.5 for each doubling of compute above `crossing` / 16, and meets 2
/// ... so that they cross at `crossing`.
std::vector<RunRecord> sweep(double unique, double crossing, double most, double own_noise = 0) {
  std::vector<RunRecord> runs;
  for (double flops = crossing / 64; flops <= most * 1.001; flops *= 2) {
    for (const std::uint64_t seed : {0U, 1U}) {
      runs.push_back(
          run("ltr", unique, flops, 2 + std::max(0.0, 0.1 * std::log2(crossing / 4 / flops)), seed, own_noise));
      runs.push_back(run("masked", unique, flops, 2 + 0.2 * std::log2(crossing / flops), seed, own_noise));
    }
  }
  return runs;
}

}  // namespace

TEST_CASE("crossings and their power law are found, by the exact loss and later by the bound") {
  std::vector<RunRecord> runs;
  for (const double unique : {1e4, 3e4, 1e5}) {
    const auto more = sweep(unique, 5 * std::pow(unique, 1.5), 5 * std::pow(unique, 1.5) * 16);
    runs.insert(runs.end(), more.begin(), more.end());
  }
  const ordo::CriticalCompute exact = ordo::critical_compute(runs, {.resamples = 50});
  REQUIRE(exact.budgets.size() == 3);
  for (const auto& budget : exact.budgets) {
    CHECK(budget.crossing.kind == Crossing::Kind::at);
    CHECK(budget.crossing.flops == Approx(5 * std::pow(budget.unique_tokens, 1.5)).epsilon(0.01));
    CHECK(budget.interval.low == Approx(budget.crossing.flops).epsilon(0.01));  // pairs leave no noise
  }
  REQUIRE(exact.law);
  CHECK(exact.law->exponent == Approx(1.5).margin(0.01));
  CHECK(exact.exponent.low == Approx(1.5).margin(0.01));
  CHECK(exact.with_law == 50);
  const ordo::CriticalCompute bound = ordo::critical_compute(runs, {.by = ordo::ComparedBy::own, .resamples = 0});
  CHECK(bound.budgets[0].crossing.flops == Approx(2 * exact.budgets[0].crossing.flops).epsilon(0.01));
  const ordo::CriticalCompute counted = ordo::critical_compute(runs, {.counted = true, .resamples = 0});
  CHECK(counted.budgets[0].crossing.flops == Approx(2 * exact.budgets[0].crossing.flops).epsilon(0.01));
}

TEST_CASE("a budget without a crossing is censored, and noise widens the intervals") {
  std::vector<RunRecord> runs;
  for (const double unique : {1e4, 3e4, 1e5}) {
    const double crossing = 5 * std::pow(unique, 1.5);
    const auto more = sweep(unique, crossing, unique == 1e5 ? crossing / 4 : crossing * 16, 0.15);
    runs.insert(runs.end(), more.begin(), more.end());
  }
  const ordo::CriticalCompute found = ordo::critical_compute(runs, {.resamples = 200});
  CHECK(found.budgets[2].crossing.kind == Crossing::Kind::above);
  CHECK(std::isinf(found.budgets[2].interval.high));
  for (std::size_t i : {0U, 1U}) {
    const double truth = 5 * std::pow(found.budgets[i].unique_tokens, 1.5);
    CHECK(found.budgets[i].interval.low < truth);
    CHECK(found.budgets[i].interval.high > truth);
    CHECK(found.budgets[i].interval.high > 1.05 * found.budgets[i].interval.low);
  }
  REQUIRE(found.law);
  CHECK(found.exponent.low < found.exponent.high);
}

TEST_CASE("the luck of the seeds that report does not choose, where a seed is kept for choosing") {
  // All of masked's settings come to 2.2, but for luck: at 4e9 the reporting seeds happen to be much better.
  std::vector<RunRecord> runs;
  for (const std::uint64_t seed : {0U, 1U, 2U}) {
    runs.push_back(run("ltr", 1e4, 1e9, 2.1, seed));
    runs.push_back(run("ltr", 1e4, 8e9, 2.1, seed));
    for (const double flops : {1e9, 2e9, 4e9, 8e9}) {
      runs.push_back(run("masked", 1e4, flops, flops == 4e9 && seed > 0 ? 1.9 : 2.2 + (flops - 1e9) * 1e-12, seed));
    }
  }
  const auto all = ordo::critical_compute(runs, {.resamples = 0});
  CHECK(all.budgets[0].challenger.back().loss < 2.1);
  const auto kept = ordo::critical_compute(runs, {.resamples = 20, .choosing_seed = 0});
  REQUIRE(kept.budgets[0].challenger.size() == 1);
  CHECK(kept.budgets[0].challenger.front().flops == 1e9);
  CHECK(kept.budgets[0].crossing.kind == Crossing::Kind::above);
  CHECK((kept.settings == 6 && kept.with_seeds == 6));
  CHECK_THROWS_WITH(ordo::critical_compute(runs, {.choosing_seed = 7}),
                    Catch::Contains("has 0 runs of the seed that chooses and 3 others; it needs both"));
}

TEST_CASE("resampled seeds vary as new ones would") {
  // Two seeds, 0.4 apart: the mean of two new ones would have a deviation of 0.2.
  std::vector<RunRecord> runs = {run("ltr", 1e4, 1e9, 2.0, 0), run("ltr", 1e4, 1e9, 2.4, 1)};
  const std::vector<const RunRecord*> seeds = {&runs[0], &runs[1]};
  double squares = 0;
  const int resamples = 2000;
  for (int b = 0; b < resamples; ++b) {
    ordo::Stream draws(3, ordo::Purpose::test, static_cast<std::uint64_t>(b));
    const std::vector<std::size_t> drawn = {draws.below(2), draws.below(2)};
    const double mean =
        ordo::detail::mean_of_seeds(seeds, drawn, [](const RunRecord& r) { return r.exact.nats_per_token; });
    const double off = mean - (runs[0].exact.nats_per_token + runs[1].exact.nats_per_token) / 2;
    squares += off * off / resamples;
  }
  CHECK(std::sqrt(squares) == Approx(0.2).epsilon(0.08));  // standard error: 0.2 / sqrt(2 * 2000) * about 1.4
}

TEST_CASE("what one side has not spent is not compared") {
  // ltr was trained with little compute only, where it was ahead.
  std::vector<RunRecord> runs = {run("ltr", 1e4, 1e9, 2.5), run("ltr", 1e4, 2e9, 2.4), run("masked", 1e4, 1e9, 3),
                                 run("masked", 1e4, 1e12, 2)};
  const ordo::CriticalCompute found = ordo::critical_compute(runs, {.resamples = 0});
  CHECK((found.budgets[0].crossing.kind == Crossing::Kind::above && found.budgets[0].crossing.flops == 2e9));
  CHECK((found.settings == 4 && found.with_seeds == 0));
}

TEST_CASE("budgets where no compute was spent on both sides tell nothing, and own losses of fewer tokens are refused") {
  std::vector<RunRecord> runs = {run("ltr", 1e4, 1e9, 2.5), run("masked", 1e4, 1e12, 2)};
  CHECK_THROWS_WITH(ordo::critical_compute(runs), Catch::Contains("with compute that both spent"));
  runs = {run("ltr", 1e4, 1e9, 2.5), run("masked", 1e4, 1e9, 2)};
  runs[0].own.nats_per_token *= 2;  // as if half of the tokens had been given
  CHECK_THROWS_WITH(ordo::critical_compute(runs, {.by = ordo::ComparedBy::own}),
                    Catch::Contains("does not count all tokens of its windows"));
  CHECK_NOTHROW(ordo::critical_compute(runs, {.resamples = 2}));
}

TEST_CASE("sweeps that cannot be compared are refused") {
  CHECK_THROWS_WITH(ordo::critical_compute({}), Catch::Contains("0 runs of the base and 0 of the challenger"));
  std::vector<RunRecord> runs = {run("ltr", 1e4, 1e9, 2), run("masked", 1e4, 1e9, 2)};
  CHECK_THROWS_WITH(ordo::critical_compute(std::span(runs).first(1)),
                    Catch::Contains("1 runs of the base and 0 of the challenger"));
  runs[1].window_tokens[3] = 7;
  CHECK_THROWS_WITH(ordo::critical_compute(runs), Catch::Contains("the same validation windows"));
  runs = {run("ltr", 1e4, 1e9, 2), run("masked", 1e4, 1e9, 2)};
  runs[1].settings.training_text = "other";
  CHECK_THROWS_WITH(ordo::critical_compute(runs), Catch::Contains("the same training text (got  for ltr"));
  CHECK_THROWS_WITH(ordo::critical_compute(runs, {.base = {"ltr", "masked"}}),
                    Catch::Contains("masked is on both sides"));
}

TEST_CASE("the published closed form gives its value at 100 million tokens") {
  CHECK(ordo::published_critical_flops(1e8) == Approx(4.7e19).epsilon(0.01));
}
