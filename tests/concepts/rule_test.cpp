#include <cstdint>
#include <string>
#include <type_traits>

#include <catch2/catch.hpp>

#include <ordo/concepts/rule.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

namespace {

using ordo::Causal;
using ordo::Full;
using ordo::Tile;

struct OnlySees {
  [[nodiscard]] bool sees(std::int32_t, std::int32_t) const { return true; }
};
struct OnlyTiles {
  [[nodiscard]] Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const { return Tile::some; }
};
struct TileIsBool : OnlySees {
  [[nodiscard]] bool tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const { return true; }
};
struct OwnsMemory : Causal {
  std::string text;
};
struct NotConst {
  bool sees(std::int32_t, std::int32_t) { return true; }
  Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) { return Tile::some; }
};

}  // namespace

TEST_CASE("what cannot answer both questions, or be copied into a kernel, is no rule") {
  STATIC_REQUIRE_FALSE(ordo::VisibilityRule<int>);
  STATIC_REQUIRE_FALSE(ordo::VisibilityRule<OnlySees>);
  STATIC_REQUIRE_FALSE(ordo::VisibilityRule<OnlyTiles>);
  STATIC_REQUIRE_FALSE(ordo::VisibilityRule<TileIsBool>);
  STATIC_REQUIRE_FALSE(ordo::VisibilityRule<OwnsMemory>);
  STATIC_REQUIRE_FALSE(ordo::VisibilityRule<NotConst>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<ordo::OneOfRules<Causal>, Full>);
}

TEST_CASE("the library's rules, and one of several, are rules") {
  STATIC_REQUIRE(ordo::VisibilityRule<Causal>);
  STATIC_REQUIRE(ordo::VisibilityRule<Full>);
  STATIC_REQUIRE(ordo::VisibilityRule<ordo::OneOfRules<Causal, Full>>);
}

TEST_CASE("visiting a rule hands over the concrete one") {
  const auto name = [](const auto& rule) {
    return std::is_same_v<std::remove_cvref_t<decltype(rule)>, Full> ? "full" : "causal";
  };
  using Either = ordo::OneOfRules<Causal, Full>;
  CHECK(ordo::visit_rule(Full{}, name) == std::string("full"));
  CHECK(ordo::visit_rule(Either(Full{}), name) == std::string("full"));
  CHECK(ordo::visit_rule(Either(Causal{}), name) == std::string("causal"));
  CHECK(ordo::visit_rule(Either{}, name) == std::string("causal"));  // the first by default
}
