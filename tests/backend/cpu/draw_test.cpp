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
