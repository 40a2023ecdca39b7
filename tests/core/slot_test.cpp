#include <type_traits>

#include <catch2/catch.hpp>

#include <ordo/core/slot.hpp>

using ordo::absent;
using ordo::Shows;
using ordo::Slot;

TEST_CASE("a slot predicts nothing and weighs nothing until it is told to") {
  for (const Slot& s : {Slot{}, Slot::start(), Slot::token(3), Slot::mask(3)}) {
    CHECK_FALSE(s.predicts());
    CHECK(s.target == absent);
    CHECK(s.target_position == absent);
    CHECK(s.weight == 0);
  }
}

TEST_CASE("the start stands at 0 and token i at i + 1, shown or masked") {
  STATIC_REQUIRE(Slot::start().position == 0);
  STATIC_REQUIRE(Slot::start().shows == Shows::start);
  STATIC_REQUIRE(Slot::start().index == absent);
  STATIC_REQUIRE(Slot::token(0).position == 1);
  STATIC_REQUIRE(Slot::token(6).position == 7);
  STATIC_REQUIRE(Slot::token(6).index == 6);
  STATIC_REQUIRE(Slot::mask(6).position == 7);
  STATIC_REQUIRE(Slot::mask(6).index == absent);
  STATIC_REQUIRE(Slot::mask(6).shows == Shows::mask);
}

TEST_CASE("predicting sets target and weight, told adds the target's position, and nothing else changes") {
  constexpr Slot plain = Slot::token(2);
  constexpr Slot asked = plain.predicting(5, 0.5F);
  STATIC_REQUIRE(asked.predicts());
  CHECK(asked == Slot{Shows::token, 2, 3, 5, absent, 0.5F});
  CHECK(asked.told() == Slot{Shows::token, 2, 3, 5, 6, 0.5F});
  CHECK(plain.predicting(0).weight == 1);
  CHECK(plain == Slot::token(2));
  CHECK_FALSE(asked == asked.told());
}

TEST_CASE("a slot is plain data that a kernel may copy") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<Slot>);
  STATIC_REQUIRE(std::is_standard_layout_v<Slot>);
  STATIC_REQUIRE(sizeof(Slot) == 24);
}
