#include <concepts>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/shifted.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;
using Rows = std::vector<std::string>;
using Slots = std::vector<Slot>;

}  // namespace

TEST_CASE("a block that does not divide the context, or is larger, is refused with both numbers") {
  CHECK_THROWS_WITH((Blockwise<3, MaskedDiffusion<>>{}.check({10})), Catch::Contains("got block 3, context 10"));
  CHECK_THROWS_WITH((Blockwise<dynamic, LeftToRight>{16}.check({8})), Catch::Contains("got block 16, context 8"));
  CHECK_THROWS_WITH((Blockwise<dynamic, LeftToRight>{0}), Catch::Contains("must be positive (got 0)"));
  CHECK_THROWS_WITH((Blockwise<4, LeftToRight>{5}), Catch::Contains("4 by its type (got 5)"));
}

TEST_CASE("a policy inside is asked whether it suits the block") {
  CHECK_THROWS_WITH((Blockwise<4, Blockwise<3, LeftToRight>>{}.check({8})), Catch::Contains("got block 3, context 4"));
  CHECK_NOTHROW((Blockwise<4, Blockwise<2, LeftToRight>>{}.check({8})));
}

TEST_CASE("a policy inside that lays out another number of slots in each block is refused") {
  using Uneven = Mixture<Weighted<MaskedDiffusion<>, 1>, Weighted<Shifted<MaskedDiffusion<>>, 1>>;  // T or T + 1 slots
  const auto draw = [] {
    for (std::uint64_t n = 0; n < 16; ++n) {
      RandomChoices choices(0, Purpose::plan, n);
      Slots slots;
      (void)Blockwise<2, Uneven>{}.plan({8}, choices, slots);
    }
  };
  CHECK_THROWS_WITH(draw(), Catch::Contains("as many slots in each block"));
}

TEST_CASE("block diffusion over two blocks of two: a clean copy of the first, then both with masks") {
  // The first block hides one token, its second; the other hides both.
  const auto plan = laid(Blockwise<2, MaskedDiffusion<>>{}, 4, {0, 1, 0, 1, 0, 0});
  CHECK(plan.used_up);
  CHECK(plan.slots == Slots{Slot::token(0), Slot::token(1),                  //
                            Slot::token(0), Slot::mask(1).predicting(1, 2),  //
                            Slot::mask(2).predicting(2, 1), Slot::mask(3).predicting(3, 1)});
  CHECK(plan.seen == Rows{"110000", "110000",  // clean
                          "001100", "001100",  // the first block: itself
                          "110011", "110011"});
}

TEST_CASE(
    "block diffusion over five tokens: the last block is short, and has no clean copy before it but the others'") {
  const auto plan = laid(Blockwise<2, MaskedDiffusion<>>{}, 5, {0, 1, 0, 1, 0, 0, 0, 0});
  CHECK(plan.used_up);
  CHECK(plan.slots == Slots{Slot::token(0), Slot::token(1), Slot::token(2), Slot::token(3),  //
                            Slot::token(0), Slot::mask(1).predicting(1, 2),                  //
                            Slot::mask(2).predicting(2, 1), Slot::mask(3).predicting(3, 1),  //
                            Slot::mask(4).predicting(4, 1)});
  CHECK(plan.seen == Rows{"110000000", "110000000", "111100000", "111100000",  // clean
                          "000011000", "000011000",                            //
                          "110000110", "110000110",                            //
                          "111100001"});
}

TEST_CASE("left to right in blocks: the start of a block is the token before it") {
  const auto plan = laid(Blockwise<2, LeftToRight>{}, 4, {});
  CHECK(plan.slots == Slots{Slot::token(0), Slot::token(1),                             //
                            Slot::start().predicting(0), Slot::token(0).predicting(1),  //
                            Slot::token(1).predicting(2), Slot::token(2).predicting(3)});
  CHECK(plan.seen == Rows{"110000", "110000",  //
                          "001000", "001100",  //
                          "110010", "110011"});
}

TEST_CASE("nothing is laid out for no tokens, and no clean copy for one block") {
  CHECK(laid(Blockwise<4, MaskedDiffusion<>>{}, 0, {}).slots.empty());
  CHECK(laid(Blockwise<4, LeftToRight>{}, 3, {}).slots.size() == 3);
  CHECK(laid(Blockwise<4, LeftToRight>{}, 8, {}).slots.size() == 12);  // 2 T - B
}

TEST_CASE("blocks are sampled in order: finished ones are kept as clean copies") {
  RandomChoices choices(0, Purpose::sampling, 0);
  Known known(4, 0);
  auto sampler = Blockwise<2, MaskedDiffusion<>>{}.sampler({4}, known, choices);
  SampleStep step;
  REQUIRE(sampler.next(known, step));
  CHECK(step.any_subset);
  CHECK(step.keep.empty());
  CHECK(step.temporary == Slots{Slot::mask(0).predicting(0), Slot::mask(1).predicting(1)});
  known = {1, 1, 0, 0};
  REQUIRE(sampler.next(known, step));
  CHECK(step.keep == Slots{Slot::token(0), Slot::token(1)});
  CHECK(step.temporary == Slots{Slot::mask(2).predicting(2), Slot::mask(3).predicting(3)});
  CHECK(testing::visibility(sampler.rule(), 4) == Rows{"1100", "1100", "1111", "1111"});
  known = {1, 1, 1, 1};
  CHECK_FALSE(sampler.next(known, step));
}

TEST_CASE("claim, readout and what it is scored as are those of the policy inside") {
  CHECK(Blockwise<2, LeftToRight>{}.claim() == Claim::exact);
  CHECK(Blockwise<2, MaskedDiffusion<>>{}.claim() == Claim::order_average);
  CHECK(Blockwise<2, Orderings<3>>{}.claim() == Claim::bound);
  CHECK(Blockwise<2, LeftToRight>{}.readout() == LeftToRight{}.readout());
  CHECK(Blockwise<2, Orderings<3>>{}.scored_as().name() == "blockwise:2(orderings:1)");
  CHECK(Blockwise<2, MaskedDiffusion<Linear, ClippedCount>>{}.scored_as().name() == "blockwise:2(masked)");
  STATIC_REQUIRE_FALSE(ScoredAsAnother<Blockwise<2, LeftToRight>>);
  CHECK(Blockwise<dynamic, MaskedDiffusion<>>{16}.name() == "blockwise:16(masked)");
}
