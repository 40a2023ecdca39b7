// The instrument of the laws, against what is known by hand.

#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>

#include <laws/draws.hpp>
#include <laws/enumerator.hpp>
#include <laws/joint_table.hpp>
#include <laws/predictor.hpp>
#include <laws/truth.hpp>

using namespace ordo::laws;
using ordo::Levels;

TEST_CASE("the enumerator refuses a plan that depends on more than its choices") {
  Enumerator choices;
  CHECK_THROWS_WITH(choices.below(0), Catch::Contains("got 0"));
  (void)choices.below(3);
  REQUIRE(choices.advance());
  CHECK_THROWS_WITH(choices.below(2), Catch::Contains("has 2 ways, but had 3"));
  Enumerator shorter;
  (void)shorter.below(2);
  (void)shorter.below(2);
  REQUIRE(shorter.advance());
  (void)shorter.below(2);
  CHECK_THROWS_WITH(shorter.advance(), Catch::Contains("asked for 1 choices after 2"));
}

TEST_CASE("a plan that makes no choice is met once") {
  Enumerator choices;
  CHECK(choices.probability() == 1);
  CHECK_FALSE(choices.advance());
}

TEST_CASE("every combination of choices is met once, with its probability") {
  Enumerator choices;
  std::map<std::vector<std::uint32_t>, double> met;
  do {
    std::vector<std::uint32_t> made = {choices.below(3)};
    if (made[0] == 0) made.push_back(choices.happens(0.25) ? 1 : 0);
    if (made[0] == 2) made.push_back(choices.pick(2, Levels::independent, [](std::uint32_t k) { return k * 0.9; }));
    CHECK(met.emplace(made, choices.probability()).second);
  } while (choices.advance());
  REQUIRE(met.size() == 5);
  CHECK(met.at({0, 0}) == Approx(0.25));
  CHECK(met.at({0, 1}) == Approx(1.0 / 12));
  CHECK(met.at({1}) == Approx(1.0 / 3));
  CHECK(met.at({2, 0}) == Approx(0.3));
  CHECK(met.at({2, 1}) == Approx(0.1 / 3));
}

TEST_CASE("a level integrates polynomials up to degree 19 exactly, and no further") {
  const auto integral = [](int degree) {
    Enumerator choices;
    double sum = 0;
    do {
      const double t = choices.level(Levels::low_discrepancy);
      CHECK((t > 0 && t < 1));
      sum += choices.probability() * std::pow(t, degree);
    } while (choices.advance());
    return sum;
  };
  for (const int degree : {0, 1, 2, 7, 19}) CHECK(integral(degree) == Approx(1.0 / (degree + 1)).epsilon(1e-13));
  CHECK(std::abs(integral(20) * 21 - 1) > 1e-12);
}

TEST_CASE("the draws of small policies are those counted by hand") {
  CHECK(draws_of(ordo::LeftToRight{}, {5}).size() == 1);
  CHECK(draws_of(ordo::Orderings<6>{.kind = ordo::OrderKind::uniform}, {1}).size() == 1);  // equal plans are merged
  const auto draws = draws_of(ordo::MaskedDiffusion<>{}, {3});
  REQUIRE(draws.size() == 7);  // the subsets but the empty one
  std::map<int, double> by_count;
  for (const auto& draw : draws) {
    int hidden = 0;
    for (const auto& slot : draw.slots) hidden += slot.predicts() ? 1 : 0;
    by_count[hidden] += draw.probability;
    CHECK(draw.probability == Approx(hidden == 3 ? 1.0 / 3 : 1.0 / 9));
  }
  for (const int count : {1, 2, 3}) CHECK(by_count[count] == Approx(1.0 / 3));
}

TEST_CASE("the joint table is a distribution without structure, and its conditionals chain") {
  const JointTable table(3, 3, 4);
  REQUIRE(table.size() == 27);
  double total = 0;
  for (std::size_t x = 0; x < table.size(); ++x) total += table.probability(x);
  CHECK(total == Approx(1));
  // With one token given, the nats left over are -log p(x) + log p(x_0).
  const ordo::Known given = {1, 0, 0};
  const auto nats = true_nats(table, given);
  for (std::size_t x = 0; x < table.size(); ++x) {
    double first = 0;
    for (std::size_t y = 0; y < table.size(); ++y) {
      if (table.tokens(y)[0] == table.tokens(x)[0]) first += table.probability(y);
    }
    CHECK(nats[x] == Approx(std::log(first) - std::log(table.probability(x))));
  }
}

TEST_CASE("the best predictor of left to right is the table's own conditional") {
  const JointTable table(2, 3, 9);
  const auto draws = draws_of(ordo::LeftToRight{}, {3});
  const BestPredictor best(table, draws);
  std::size_t met = 0;
  for_each_prediction(table, draws, [&](std::size_t x, std::size_t, std::size_t q, const View& view, ordo::Token v) {
    double joint = 0;
    double before = 0;
    for (std::size_t y = 0; y < table.size(); ++y) {
      const auto a = table.tokens(x);
      const auto b = table.tokens(y);
      bool same = true;
      for (std::size_t i = 0; i < q; ++i) same = same && a[i] == b[i];
      if (same) before += table.probability(y);
      if (same && a[q] == b[q]) joint += table.probability(y);
    }
    CHECK(best(view)[static_cast<std::size_t>(v)] == Approx(joint / before));
    ++met;
  });
  CHECK(met == 8 * 3);
}
