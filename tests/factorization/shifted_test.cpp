#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/shifted.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;
using Slots = std::vector<Slot>;

}  // namespace

TEST_CASE("a policy inside that is not in reading order, or not one slot a token, is refused") {
  const Shifted<Orderings<2, MaskedDiffusion<>>> reordered{{.kind = OrderKind::uniform}};
  const auto draw = [&] {
    for (std::uint64_t n = 0; n < 8; ++n) {
      RandomChoices choices(0, Purpose::plan, n);
      Slots slots;
      (void)reordered.plan({6}, choices, slots);
    }
  };
  CHECK_THROWS_WITH(draw(), Catch::Contains("one slot a token"));
  CHECK_THROWS_WITH((laid(Shifted<Shifted<MaskedDiffusion<>>>{}, 1, {0, 0})), Catch::Contains("one slot a token"));
  // Asked before a run, not only when a plan is drawn.
  CHECK_THROWS_WITH(Shifted<Shifted<MaskedDiffusion<>>>{}.check({4}), Catch::Contains("one slot a token"));
  CHECK_THROWS_WITH((Shifted<Orderings<8, MaskedDiffusion<>>>{}.check({4})), Catch::Contains("one slot a token"));
  CHECK_NOTHROW(Shifted<MaskedDiffusion<>>{}.check({4}));
}

TEST_CASE("each target moves to the slot before, the first to the start") {
  // Two of four are hidden, the first and the last.
  const auto plan = laid(Shifted<MaskedDiffusion<>>{}, 4, {1, 0, 2, 1, 0});
  CHECK(plan.used_up);
  CHECK(plan.slots == Slots{Slot::start().predicting(0, 2), Slot::mask(0), Slot::token(1),
                            Slot::token(2).predicting(3, 2), Slot::mask(3)});
  CHECK(plan.seen == std::vector<std::string>(5, "11111"));
}

TEST_CASE("slots that were there before are left alone, and no tokens give the start alone") {
  testing::Scripted script{0, 0};
  Slots slots = {Slot::token(5)};
  (void)Shifted<MaskedDiffusion<>>{}.plan({1}, script, slots);
  CHECK(slots == Slots{Slot::token(5), Slot::start().predicting(0, 1), Slot::mask(0)});
  CHECK(laid(Shifted<MaskedDiffusion<>>{}, 0, {}).slots == Slots{Slot::start()});
}

TEST_CASE("sampling unmasks, read out one slot to the left, at the pace of the schedule inside") {
  RandomChoices choices(0, Purpose::sampling, 0);
  const Known known = {0, 1, 0};
  auto sampler = Shifted<MaskedDiffusion<Cosine>>{}.sampler({3}, known, choices);
  SampleStep step;
  REQUIRE(sampler.next(known, step));
  CHECK(step.any_subset);
  CHECK(step.temporary ==
        Slots{Slot::start().predicting(0), Slot::mask(0), Slot::token(1).predicting(2), Slot::mask(2)});
  CHECK(sampler.hidden(0.25) == Cosine{}.hidden(0.25));
  CHECK_FALSE(sampler.next(Known{1, 1, 1}, step));
}

TEST_CASE("every slot predicts the next token, as left to right; claim and score are the inside's") {
  CHECK(Shifted<MaskedDiffusion<>>{}.readout() == Readout{Reads::next, Reads::next});
  CHECK(both(Shifted<MaskedDiffusion<>>{}.readout(), LeftToRight{}.readout()).clear());
  CHECK(Shifted<MaskedDiffusion<>>{}.claim() == Claim::order_average);
  CHECK(Shifted<D3pm<4>>{}.claim() == Claim::bound);
  CHECK(Shifted<MaskedDiffusion<Linear, ClippedCount>>{}.scored_as().name() == "shifted(masked)");
}
