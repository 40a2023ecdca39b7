#include <vector>

#include <catch2/catch.hpp>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/left_to_right.hpp>

using ordo::Known;
using ordo::Slot;

TEST_CASE("left to right refuses to fill a gap, and says what can") {
  ordo::RandomChoices choices(0, ordo::Purpose::sampling, 0);
  const Known gap = {1, 0, 1, 0};
  CHECK_THROWS_WITH(ordo::LeftToRight{}.sampler({4}, gap, choices),
                    Catch::Contains("token 2 is given after a gap") && Catch::Contains("use masked diffusion"));
  CHECK_THROWS_WITH(ordo::LeftToRight{}.sampler({2}, Known{0, 1}, choices), Catch::Contains("token 1 is given"));
}

TEST_CASE("left to right has one slot for each token, showing the one before") {
  STATIC_REQUIRE(ordo::Factorization<ordo::LeftToRight>);
  STATIC_REQUIRE(ordo::MakesSampler<ordo::LeftToRight>);
  ordo::RandomChoices choices(0, ordo::Purpose::plan, 0);
  std::vector<Slot> slots;
  (void)ordo::LeftToRight{}.plan({3}, choices, slots);
  CHECK(slots ==
        std::vector<Slot>{Slot::start().predicting(0), Slot::token(0).predicting(1), Slot::token(1).predicting(2)});
  CHECK(ordo::LeftToRight{}.name() == "ltr");
  CHECK(ordo::LeftToRight{}.claim() == ordo::Claim::exact);
}

TEST_CASE("a plan is appended to the slots that are there") {
  ordo::RandomChoices choices(0, ordo::Purpose::plan, 0);
  std::vector<Slot> slots = {Slot::mask(7)};
  (void)ordo::LeftToRight{}.plan({1}, choices, slots);
  CHECK(slots == std::vector<Slot>{Slot::mask(7), Slot::start().predicting(0)});
}

TEST_CASE("sampling goes on from a prompt: given tokens are laid out, the next is asked for") {
  ordo::RandomChoices choices(0, ordo::Purpose::sampling, 0);
  Known known = {1, 1, 0, 0};
  auto sampler = ordo::LeftToRight{}.sampler({4}, known, choices);
  ordo::SampleStep step;
  REQUIRE(sampler.next(known, step));
  REQUIRE(step.keep.size() == 3);
  CHECK(step.temporary.empty());
  CHECK_FALSE(step.any_subset);
  CHECK_FALSE(step.keep[0].predicts());
  CHECK_FALSE(step.keep[1].predicts());
  CHECK(step.keep[2] == Slot::token(1).predicting(2));
  known[2] = 1;
  REQUIRE(sampler.next(known, step));
  CHECK(step.keep == std::vector<Slot>{Slot::token(2).predicting(3)});
  known[3] = 1;
  CHECK_FALSE(sampler.next(known, step));
}
