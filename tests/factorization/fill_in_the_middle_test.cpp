#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/fill_in_the_middle.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;
using Slots = std::vector<Slot>;

}  // namespace

TEST_CASE("two cuts, in either order, put the middle last") {
  const Slots expected = {Slot::start().predicting(0).told(), Slot::token(0).predicting(3).told(),
                          Slot::token(3).predicting(1).told(), Slot::token(1).predicting(2).told()};
  CHECK(laid(FillInTheMiddle{}, 4, {1, 3}).slots == expected);
  CHECK(laid(FillInTheMiddle{}, 4, {3, 1}).slots == expected);
}

TEST_CASE("an untold network is not told where its targets stand, and all else is alike") {
  CHECK(laid(FillInTheMiddle{.told = false}, 4, {1, 3}).slots ==
        Slots{Slot::start().predicting(0), Slot::token(0).predicting(3), Slot::token(3).predicting(1),
              Slot::token(1).predicting(2)});
}

TEST_CASE("an empty middle, and a middle that is all, are left to right") {
  const Slots expected = {Slot::start().predicting(0).told(), Slot::token(0).predicting(1).told()};
  CHECK(laid(FillInTheMiddle{}, 2, {1, 1}).slots == expected);
  CHECK(laid(FillInTheMiddle{}, 2, {0, 2}).slots == expected);
  CHECK(laid(FillInTheMiddle{}, 0, {0, 0}).slots.empty());
}

TEST_CASE("sampling lays out what is given, both sides, and then fills the gap from left to right") {
  RandomChoices choices(0, Purpose::sampling, 0);
  Known known = {1, 0, 0, 1};
  auto sampler = FillInTheMiddle{}.sampler({4}, known, choices);
  SampleStep step;
  REQUIRE(sampler.next(known, step));
  REQUIRE(step.keep.size() == 3);
  CHECK_FALSE(step.keep[0].predicts());
  CHECK_FALSE(step.keep[1].predicts());
  CHECK(step.keep[1].target_position == 4);  // still told, as in training
  CHECK(step.keep[2] == Slot::token(3).predicting(1).told());
  known[1] = 1;
  REQUIRE(sampler.next(known, step));
  CHECK(step.keep == Slots{Slot::token(1).predicting(2).told()});
  known[2] = 1;
  CHECK_FALSE(sampler.next(known, step));
}

TEST_CASE("told it is an order average, untold a bound") {
  CHECK(FillInTheMiddle{}.claim() == Claim::order_average);
  CHECK(FillInTheMiddle{.told = false}.claim() == Claim::bound);
  CHECK(FillInTheMiddle{}.name() == "fill-in-the-middle");
  CHECK(FillInTheMiddle{.told = false}.name() == "fill-in-the-middle:untold");
}
