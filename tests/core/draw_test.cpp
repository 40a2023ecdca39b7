// How a token is drawn: against what temperature, nucleus and ties mean, written out.

#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/draw.hpp>
#include <ordo/core/rng.hpp>

#include <support/sequences.hpp>

namespace {

using ordo::Drawn;
using ordo::DrawOptions;
using ordo::Token;

constexpr double just_below_1 = 1 - 0x1.0p-53;

Drawn of(const std::vector<float>& logits, const DrawOptions& how, double unit) {
  return ordo::draw_token(std::span<const float>(logits), how, unit);
}
float log_of(double p) { return static_cast<float>(std::log(p)); }

}  // namespace

TEST_CASE("without a cut tokens come by index, each as long as its probability") {
  const std::vector<float> logits = {log_of(0.5), log_of(0.25), log_of(0.25)};
  for (const auto& [unit, token] :
       std::map<double, Token>{{0, 0}, {0.49, 0}, {0.51, 1}, {0.74, 1}, {0.76, 2}, {just_below_1, 2}}) {
    INFO(unit);
    CHECK(of(logits, {}, unit).token == token);
  }
  CHECK(of(logits, {}, 0).probability == Approx(0.5));
  CHECK(of(logits, {}, 0.9).probability == Approx(0.25));
  // Squared and made to add up to one: 4/6, 1/6, 1/6. The probability that is told is that at temperature 1.
  const DrawOptions colder{.temperature = 0.5};
  CHECK(of(logits, colder, 0.66).token == 0);
  CHECK(of(logits, colder, 0.67).token == 1);
  CHECK(of(logits, colder, 0.84).token == 2);
  CHECK(of(logits, colder, 0.84).probability == Approx(0.25));
}

TEST_CASE("temperature 0 takes the first of the most probable tokens, whatever else is asked") {
  const std::vector<float> logits = {1, 3, 2, 3};
  for (const double unit : {0.0, 0.5, just_below_1}) {
    CHECK(of(logits, {.temperature = 0}, unit).token == 1);
    CHECK(of(logits, {.temperature = 0, .top_p = 0.9}, unit).token == 1);
  }
}

TEST_CASE("a cut keeps the fewest tokens that reach it, and they come by falling probability, equal ones by index") {
  const std::vector<float> logits = {log_of(0.1), log_of(0.2), log_of(0.4), log_of(0.2), log_of(0.1)};
  CHECK(of(logits, {.top_p = 1e-9}, just_below_1).token == 2);
  CHECK(of(logits, {.top_p = 0.39}, just_below_1).token == 2);
  const DrawOptions half{.top_p = 0.55};  // 0.4 and the first 0.2
  CHECK(of(logits, half, 0).token == 2);
  CHECK(of(logits, half, 0.66).token == 2);
  CHECK(of(logits, half, 0.67).token == 1);
  CHECK(of(logits, half, just_below_1).token == 1);
  const DrawOptions most{.top_p = 0.85};  // all but the last 0.1
  CHECK(of(logits, most, 0.5).token == 1);
  CHECK(of(logits, most, 0.7).token == 3);
  CHECK(of(logits, most, just_below_1).token == 0);
}

TEST_CASE("tokens that the network rules out are not drawn, and certainty is told where it is asked for") {
  const float never = -std::numeric_limits<float>::infinity();
  const std::vector<float> logits = {never, 0, never, 0};
  for (const double unit : {0.0, 0.3, 0.7}) {
    const Drawn drawn = of(logits, {.certainty = true}, unit);
    CHECK(drawn.token == (unit < 0.5 ? 1 : 3));
    CHECK((drawn.probability == 0.5 && drawn.sure.highest == 0.5 && drawn.sure.margin == 0));
    CHECK(drawn.sure.entropy == Approx(std::log(2.0)));
    CHECK(of(logits, {}, unit).sure.highest == 0);
  }
}

TEST_CASE("drawn tokens follow the probabilities that temperature and nucleus leave") {
  const std::vector<double> p = {0.05, 0.3, 0.1, 0.25, 0.02, 0.2, 0.08};
  std::vector<float> logits;
  for (const double x : p) logits.push_back(log_of(x));
  const auto z_of = [&](const DrawOptions& how, const std::vector<double>& expected) {
    ordo::Stream stream(1, ordo::Purpose::test, 0);
    std::vector<std::vector<Token>> samples;
    for (int i = 0; i < 20'000; ++i) samples.push_back({of(logits, how, stream.unit()).token});
    double total = 0;
    for (const double x : expected) total += x;
    std::map<std::vector<Token>, double> share;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] > 0) share[{static_cast<Token>(i)}] = expected[i] / total;
    }
    return std::abs(ordo::chi_square_z(samples, share));
  };
  std::vector<double> squared;
  for (const double x : p) squared.push_back(x * x);
  // z is standard normal under agreement: 4 happens by chance once in 30,000 seeds, and the seed is fixed.
  CHECK(z_of({}, p) < 4);
  CHECK(z_of({.temperature = 0.5}, squared) < 4);
  CHECK(z_of({.top_p = 0.8}, {0, 0.3, 0.1, 0.25, 0, 0.2, 0}) < 4);
}

TEST_CASE("where no logit is a number, or all are ruled out, there is a token and no probability") {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  constexpr float never = -std::numeric_limits<float>::infinity();
  for (const std::vector<float>& logits : {std::vector<float>{none, none, none}, {never, never, never}, {1, none, 2}}) {
    for (const DrawOptions& how : {DrawOptions{}, {.temperature = 0}, {.temperature = 0.5}, {.top_p = 0.5}}) {
      const Drawn drawn = of(logits, how, 0.5);
      CHECK((drawn.token >= 0 && drawn.token < 3));
      CHECK(std::isnan(drawn.probability));
    }
  }
}

TEST_CASE("a token that is ruled out is never drawn, whatever rounding leaves") {
  constexpr float never = -std::numeric_limits<float>::infinity();
  std::vector<float> logits(1000, -0.1F);
  logits.resize(1500, never);
  for (const double top_p : {1.0, just_below_1}) {
    CHECK(of(logits, {.top_p = top_p}, just_below_1).token < 1000);
    CHECK(of(logits, {.temperature = 0.3, .top_p = top_p}, just_below_1).token < 1000);
  }
}

TEST_CASE("a token is judged by its probability, and by how sure the network is of all of them") {
  const std::vector<float> logits = {log_of(0.5), log_of(0.125), log_of(0.375)};
  const ordo::Judged judged = ordo::judge_token(std::span<const float>(logits), 1, true);
  CHECK(judged.nats == Approx(std::log(8.0)));
  CHECK(judged.sure.highest == Approx(0.5));
  CHECK(judged.sure.margin == Approx(0.125));
  CHECK(ordo::judge_token(std::span<const float>(logits), 1, false).sure.highest == 0);
}
