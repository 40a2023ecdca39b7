#include <type_traits>

#include <catch2/catch.hpp>

#include <ordo/core/number.hpp>

using ordo::dynamic;
using ordo::Number;

TEST_CASE("a number that its type forbids is refused with both values") {
  CHECK_THROWS_WITH(Number<16>(8), Catch::Contains("16 by its type (got 8)"));
}

TEST_CASE("a dynamic number that is not positive is refused with its value") {
  CHECK_THROWS_WITH(Number<dynamic>(0), Catch::Contains("must be positive (got 0)"));
  CHECK_THROWS_WITH(Number<dynamic>(dynamic), Catch::Contains("must be positive (got -1)"));
}

TEST_CASE("a static number takes no room and needs no value, a dynamic one must be given") {
  STATIC_REQUIRE(std::is_empty_v<Number<16>>);
  STATIC_REQUIRE(std::is_default_constructible_v<Number<16>>);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Number<dynamic>>);
  STATIC_REQUIRE(Number<16>{}.get() == 16);
  STATIC_REQUIRE(Number<16>(16).get() == 16);
  STATIC_REQUIRE(Number<dynamic>(7).get() == 7);
  STATIC_REQUIRE(std::is_trivially_copyable_v<Number<dynamic>>);
}
