// Drawing tokens on threads: what the reference draws, to the bit.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <support/random_cases.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/draw.hpp>

TEST_CASE("threads draw what the reference draws, to the bit") {
  constexpr std::int64_t rows = 37;
  ordo::testing::RandomCase random(1);
  const auto logits = random.table(rows, 300, 5).as<float>();
  ordo::Stream stream(1, ordo::Purpose::test, 0);
  std::vector<double> unit(rows);
  for (double& u : unit) u = stream.unit();
  for (const ordo::DrawOptions how : {ordo::DrawOptions{}, ordo::DrawOptions{.temperature = 0},
                                      ordo::DrawOptions{.temperature = 0.7, .top_p = 0.9, .certainty = true}}) {
    std::vector<ordo::Drawn> expected(rows);
    draw(ordo::Reference<float>{}, logits.view(), unit, how, expected);
    for (const int threads : {1, 2, 5}) {
      std::vector<ordo::Drawn> got(rows);
      draw(ordo::Cpu(threads), logits.view(), unit, how, got);
      for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i].token == expected[i].token);
        CHECK(got[i].probability == expected[i].probability);
        CHECK(got[i].sure.highest == expected[i].sure.highest);
        CHECK(got[i].sure.margin == expected[i].sure.margin);
        CHECK(got[i].sure.entropy == expected[i].sure.entropy);
      }
    }
  }
}

TEST_CASE("threads judge as the reference does, to the bit") {
  constexpr std::int64_t rows = 37;
  ordo::testing::RandomCase random(2);
  const auto logits = random.table(rows, 300, 5).as<float>();
  const std::vector<std::int32_t> token = random.indices(rows, 300);
  for (const bool with_certainty : {false, true}) {
    std::vector<ordo::Judged> expected(rows);
    judge(ordo::Reference<float>{}, logits.view(), token, with_certainty, expected);
    for (const int threads : {1, 2, 5}) {
      std::vector<ordo::Judged> got(rows);
      judge(ordo::Cpu(threads), logits.view(), token, with_certainty, got);
      for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i].nats == expected[i].nats);
        CHECK(got[i].sure.highest == expected[i].sure.highest);
        CHECK(got[i].sure.margin == expected[i].sure.margin);
        CHECK(got[i].sure.entropy == expected[i].sure.entropy);
      }
    }
  }
}

TEST_CASE("the reference refuses to judge a token that there is not") {
  const std::vector<float> logits = {1, 2};
  const std::vector<std::int32_t> token = {2};
  std::vector<ordo::Judged> judged(1);
  CHECK_THROWS_WITH(
      judge(ordo::Reference<float>{}, ordo::Matrix<const float>(logits.data(), 1, 2), token, false, judged),
      Catch::Contains("judge"));
}
