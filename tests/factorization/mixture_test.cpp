#include <concepts>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/any_order.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/shifted.hpp>
#include <ordo/factorization/suffix_masked.hpp>

namespace {

using namespace ordo;

auto of_two(double a, double b) { return Mixture{Weighted{LeftToRight{}, a}, Weighted{MaskedDiffusion<>{}, b}}; }

/// Whether sample n is laid out left to right.
template <class F>
bool reads(const F& policy, std::uint64_t n) {
  RandomChoices choices(0, Purpose::plan, n);
  std::vector<Slot> slots;
  (void)policy.plan({5}, choices, slots);
  return slots[0].shows == Shows::start;
}

}  // namespace

TEST_CASE("a weight that is negative or no number is refused with its value") {
  CHECK_THROWS_WITH(of_two(-0.5, 1), Catch::Contains("a weight must be a number from 0 (got -0.5)"));
  CHECK_THROWS_WITH(of_two(1, std::numeric_limits<double>::quiet_NaN()), Catch::Contains("got nan"));
  CHECK_THROWS_WITH(of_two(std::numeric_limits<double>::infinity(), 1), Catch::Contains("got inf"));
}

TEST_CASE("weights that are all zero, or that do not add up to a number, are refused") {
  CHECK_THROWS_WITH(of_two(0, 0), Catch::Contains("at least one weight must be positive"));
  CHECK_THROWS_WITH(of_two(1e308, 1e308), Catch::Contains("sum must be finite"));
}

TEST_CASE("a context that does not suit a part with weight is refused, a part without weight is not asked") {
  using Blocks = Blockwise<4, MaskedDiffusion<>>;
  CHECK_THROWS_WITH((Mixture<Weighted<LeftToRight, 1>, Weighted<Blocks, 1>>{}.check({10})), Catch::Contains("block 4"));
  CHECK_NOTHROW((Mixture<Weighted<LeftToRight, 1>, Weighted<Blocks, 0>>{}.check({10})));
  CHECK_NOTHROW((Mixture<Weighted<LeftToRight, 1>, Weighted<Blocks, 1>>{}.check({12})));
}

TEST_CASE("parts are taken by weight, evenly over consecutive samples") {
  for (const double share : {0.1, 0.25, 0.5, 0.9}) {
    int count = 0;
    for (std::uint64_t n = 0; n < 1000; ++n) count += reads(of_two(share, 1 - share), n) ? 1 : 0;
    CAPTURE(share, count);
    CHECK(count == Approx(1000 * share).margin(3));  // independent draws would have a standard error of 9 to 16
  }
}

TEST_CASE("only the ratio of weights counts") {
  for (std::uint64_t n = 0; n < 64; ++n) CHECK(reads(of_two(1, 3), n) == reads(of_two(0.125, 0.375), n));
}

TEST_CASE("each part keeps its own rule, and a rule that two parts share is named once") {
  using Two = Mixture<Weighted<LeftToRight, 1>, Weighted<MaskedDiffusion<>, 1>>;
  STATIC_REQUIRE(std::same_as<Two::Rule, OneOfRules<Causal, Full>>);
  STATIC_REQUIRE(std::same_as<Mixture<Weighted<LeftToRight, 1>, Weighted<AnyOrder, 1>>::Rule, Causal>);
  STATIC_REQUIRE(std::same_as<Mixture<Weighted<Two, 1>, Weighted<AnyOrder, 1>>::Rule, OneOfRules<Causal, Full>>);
}

TEST_CASE("a mixture is an order average where what a slot shows tells which token is asked, else a bound") {
  CHECK(of_two(1, 1).claim() == Claim::order_average);  // tokens predict the next, masks themselves
  CHECK(Mixture{Weighted{Shifted<MaskedDiffusion<>>{}, 1.0}, Weighted{LeftToRight{}, 1.0}}.claim() ==
        Claim::order_average);
  CHECK(Mixture{Weighted{Shifted<MaskedDiffusion<>>{}, 1.0}, Weighted{MaskedDiffusion<>{}, 1.0}}.claim() ==
        Claim::bound);  // a mask is asked for itself, or for the next
  CHECK(Mixture{Weighted{AnyOrder{}, 1.0}, Weighted{LeftToRight{}, 1.0}}.claim() == Claim::order_average);
  CHECK(Mixture{Weighted{Orderings<3>{}, 1.0}, Weighted{LeftToRight{}, 1.0}}.claim() == Claim::bound);
}

TEST_CASE("one part alone keeps its claim, whatever has no weight") {
  CHECK(of_two(2, 0).claim() == Claim::exact);
  CHECK(of_two(2, 0).readout() == LeftToRight{}.readout());
  CHECK(Mixture<Weighted<LeftToRight, 5>>{}.claim() == Claim::exact);
  CHECK(of_two(0, 2).readout() == MaskedDiffusion<>{}.readout());
}

TEST_CASE("a part that only trains makes the mixture so, unless its weight is zero") {
  using Suffix = SuffixMasked<SuffixWeight::by_share>;
  STATIC_REQUIRE(TrainingOnly<Mixture<Weighted<LeftToRight, 1>, Weighted<Suffix, 1>>>);
  STATIC_REQUIRE_FALSE(Mixture<Weighted<LeftToRight, 1>, Weighted<Suffix, 0>>::training_only);
  CHECK(Mixture<Weighted<LeftToRight, 1>, Weighted<Suffix, 0>>{}.claim() == Claim::exact);
  CHECK(Mixture{Weighted{LeftToRight{}, 1.0}, Weighted{Suffix{}, 1.0}}.claim() == Claim::training_only);
}

TEST_CASE("a name holds the weights in their shortest form") {
  CHECK(of_two(0.5, 3).name() == "mixture(0.5 ltr + 3 masked)");
  CHECK(Mixture<Weighted<LeftToRight, 1>, Weighted<MaskedDiffusion<>, 2>>{}.name() == "mixture(1 ltr + 2 masked)");
}
