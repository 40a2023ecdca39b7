#include <cstdint>

#include <catch2/catch.hpp>

#include <ordo/concepts/choices.hpp>

#include <laws/enumerator.hpp>

namespace {

struct OnlyBelow {
  std::uint32_t below(std::uint32_t) { return 0; }
};
struct WithoutProgress {
  std::uint32_t below(std::uint32_t) { return 0; }
  bool happens(double) { return false; }
  double level(ordo::Levels) { return 0.5; }
  template <class Cumulative>
  std::uint32_t pick(std::uint32_t, ordo::Levels, const Cumulative&) {
    return 0;
  }
};
struct Zero : WithoutProgress {
  [[nodiscard]] double progress() const { return 1; }
};

}  // namespace

TEST_CASE("a source that cannot answer every question is no source of choices") {
  STATIC_REQUIRE_FALSE(ordo::Choices<int>);
  STATIC_REQUIRE_FALSE(ordo::Choices<OnlyBelow>);
  STATIC_REQUIRE_FALSE(ordo::Choices<WithoutProgress>);
}

TEST_CASE("random, enumerated and fixed choices are sources of choices") {
  STATIC_REQUIRE(ordo::Choices<Zero>);
  STATIC_REQUIRE(ordo::Choices<ordo::RandomChoices>);
  STATIC_REQUIRE(ordo::Choices<ordo::laws::Enumerator>);
}
