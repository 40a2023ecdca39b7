#include <concepts>
#include <limits>
#include <ratio>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/noisy_inputs.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;
using Slots = std::vector<Slot>;

}  // namespace

TEST_CASE("a rate outside of 0 to 1 is refused with its value") {
  for (const double rate : {-0.1, 1.0001, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_WITH((NoisyInputs<LeftToRight>{{}, rate}), Catch::Contains("a rate must be in [0, 1] (got "));
  }
}

TEST_CASE("shown tokens turn into masks one by one; targets, weights and the start stay") {
  const auto plan = laid(NoisyInputs<LeftToRight>{{}, 0.5}, 4, {1, 0, 1});
  CHECK(plan.used_up);
  CHECK(plan.slots == Slots{Slot::start().predicting(0), Slot::mask(0).predicting(1), Slot::token(1).predicting(2),
                            Slot::mask(2).predicting(3)});
}

TEST_CASE("slots that were there before are left alone") {
  testing::Scripted script{1};
  Slots slots = {Slot::token(5)};
  (void)NoisyInputs<LeftToRight, std::ratio<1, 2>>{}.plan({2}, script, slots);
  CHECK(slots == Slots{Slot::token(5), Slot::start().predicting(0), Slot::mask(0).predicting(1)});
}

TEST_CASE("without noise nothing is drawn and nothing changes") {
  CHECK(laid(NoisyInputs<LeftToRight>{{}, 0.0}, 3, {}).slots == laid(LeftToRight{}, 3, {}).slots);
  CHECK(NoisyInputs<LeftToRight>{{}, 0.0}.claim() == Claim::exact);
  CHECK(NoisyInputs<LeftToRight>{{}, 0.0}.readout() == LeftToRight{}.readout());
}

TEST_CASE("noise makes any score a bound, and what only trained still only trains") {
  CHECK(NoisyInputs<LeftToRight>{{}, 0.1}.claim() == Claim::bound);
  CHECK(NoisyInputs<MaskedDiffusion<Linear, ClippedCount>>{{}, 0.1}.claim() == Claim::training_only);
}

TEST_CASE("a hidden slot predicts what it would have predicted") {
  CHECK(NoisyInputs<LeftToRight>{{}, 0.1}.readout() == Readout{Reads::next, Reads::next});
  CHECK(NoisyInputs<MaskedDiffusion<>>{{}, 0.1}.readout() == MaskedDiffusion<>{}.readout());
}

TEST_CASE("it is scored without noise, as the policy inside is scored") {
  STATIC_REQUIRE(std::same_as<decltype(NoisyInputs<LeftToRight>{{}, 0.1}.scored_as()), LeftToRight>);
  STATIC_REQUIRE(std::same_as<decltype(NoisyInputs<Orderings<4>>{{}, 0.1}.scored_as()), Orderings<1>>);
}

TEST_CASE("given tokens stay given, though the network may not see them all") {
  using Noisy = NoisyInputs<Prefix<LeftToRight, 2>>;
  CHECK(Noisy{{}, 0.5}.given({4}) == Known{1, 1, 0, 0});
  STATIC_REQUIRE_FALSE(GivesTokens<NoisyInputs<LeftToRight>>);
}

TEST_CASE("a name holds the rate in its shortest form") {
  CHECK(NoisyInputs<LeftToRight, std::ratio<1, 10>>{}.name() == "noisy:0.1(ltr)");
}
