// Every rule of the library keeps its promises on tiles, and the closed forms are as sharp as can be.

#include <cstdint>

#include <catch2/catch.hpp>

#include <ordo/concepts/rule.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

#include <laws/tiles.hpp>
#include <laws/user_policies.hpp>

namespace {

template <class Rule>
void check_sharp(const Rule& rule, std::int32_t size) {
  const auto result = ordo::laws::tiles(rule, size);
  INFO(result.report);
  CHECK(result.report.holds());
  CHECK(result.blurred == 0);
  CHECK(result.rectangles > 0);
}

}  // namespace

TEST_CASE("the causal and the full rule classify every rectangle, exactly") {
  check_sharp(ordo::Causal{}, 12);
  check_sharp(ordo::Full{}, 8);
}

TEST_CASE("a rule with a number for each sequence classifies every rectangle, exactly") {
  for (const std::int32_t prefix : {0, 1, 3, 8}) check_sharp(user::PrefixRule{prefix}, 8);
}

TEST_CASE("one of several rules answers as the one that it holds") {
  using Either = ordo::OneOfRules<ordo::Causal, ordo::Full>;
  check_sharp(Either(ordo::Causal{}), 8);
  check_sharp(Either(ordo::Full{}), 8);
  CHECK_FALSE(Either(ordo::Causal{}).sees(0, 1));
  CHECK(Either(ordo::Full{}).sees(0, 1));
}

TEST_CASE("causal slots see themselves and what is earlier") {
  constexpr ordo::Causal rule;
  for (std::int32_t q = 0; q < 6; ++q) {
    for (std::int32_t k = 0; k < 6; ++k) CHECK(rule.sees(q, k) == (k <= q));
  }
}
