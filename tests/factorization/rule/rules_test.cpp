// Every rule of the library keeps its promises on tiles, and the closed forms are as sharp as can be.

#include <cstdint>

#include <catch2/catch.hpp>

#include <ordo/concepts/rule.hpp>
#include <ordo/factorization/rule/blocks.hpp>
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

TEST_CASE("blocks classify every rectangle: exactly where the rule inside does and tiles stay on one side") {
  using ordo::Blocks;
  using ordo::Causal;
  using ordo::Full;
  const auto check = [](const auto& rule, std::int32_t size) {
    const auto result = ordo::laws::tiles(rule, size);
    INFO(result.report);
    CHECK(result.report.holds());
    CHECK(result.blurred * 20 < result.rectangles);  // only rectangles over several windows may be blurred
  };
  check(Blocks<Full>{4, 2, 0, 2, 4}, 10);    // training, blocks of two
  check(Blocks<Causal>{4, 2, 0, 3, 6}, 13);  // windows of three slots
  check(Blocks<Full>{4, 2, 2, 1, 0}, 6);     // sampling the third block
  check(Blocks<Full>{3, 3, 1, 1, 0}, 8);     // a prefix of three
  check(Blocks<Full>{0, 1, 1, 1, 0}, 4);     // no prefix
  check(Blocks<Blocks<Full>>{4, 4, 0, 6, 6, {2, 2, 0, 2, 2}, {2, 2, 0, 2, 2}}, 16);
}

TEST_CASE("a slot in a block sees the clean copies of earlier blocks and its own window, a clean copy the clean") {
  const ordo::Blocks<ordo::Full> rule{4, 2, 0, 2, 4};  // tokens 0 .. 5: clean 0 .. 3, windows at 4, 6, 8
  for (std::int32_t k = 0; k < 10; ++k) {
    CHECK(rule.sees(1, k) == (k < 2));
    CHECK(rule.sees(2, k) == (k < 4));
    CHECK(rule.sees(4, k) == (k == 4 || k == 5));
    CHECK(rule.sees(7, k) == (k < 2 || k == 6 || k == 7));
    CHECK(rule.sees(8, k) == (k < 4 || k >= 8));
  }
}
