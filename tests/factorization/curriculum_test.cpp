#include <cstdint>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/curriculum.hpp>
#include <ordo/factorization/left_context.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>

namespace {

using namespace ordo;

/// How many of 1,000 samples take the second policy, which hides tokens.
template <class F>
int second(const F& policy, double progress) {
  int count = 0;
  for (std::uint64_t n = 0; n < 1000; ++n) {
    RandomChoices choices(0, Purpose::plan, n, progress);
    std::vector<Slot> slots;
    (void)policy.plan({5}, choices, slots);
    count += slots[0].shows == Shows::start ? 0 : 1;
  }
  return count;
}

/// A schedule as a user would write it: at most a third.
struct UpToAThird {
  static constexpr std::string_view name = "up-to-a-third";
  [[nodiscard]] constexpr double share(double progress) const { return progress / 3; }
};

/// Wrong: divides by what is left of the run.
struct NoNumber {
  static constexpr std::string_view name = "no-number";
  [[nodiscard]] double share(double progress) const { return (1 - progress) / (1 - progress); }
};

}  // namespace

TEST_CASE("a schedule whose share is no number in [0, 1] is refused, in a plan and in a claim") {
  const Curriculum<LeftToRight, MaskedDiffusion<>, NoNumber> curriculum;
  CHECK_THROWS_WITH(curriculum.claim(),
                    Catch::Contains("share must be in [0, 1] (got") && Catch::Contains("progress 1"));
  CHECK_THROWS_WITH(second(curriculum, 1), Catch::Contains("share must be in [0, 1] (got"));
}

TEST_CASE("a context that does not suit one of the ends is refused") {
  using Blocks = Blockwise<4, MaskedDiffusion<>>;
  CHECK_THROWS_WITH((Curriculum<LeftToRight, Blocks>{}.check({10})), Catch::Contains("block 4, context 10"));
  CHECK_THROWS_WITH((Curriculum<Blocks, LeftToRight>{}.check({10})), Catch::Contains("block 4, context 10"));
  CHECK_NOTHROW((Curriculum<Blocks, LeftToRight>{}.check({12})));
}

TEST_CASE("the ramp's share is the progress, the switch changes half way, a schedule of one's own is followed") {
  const Curriculum<LeftToRight, MaskedDiffusion<>> ramp;
  const Curriculum<LeftToRight, MaskedDiffusion<>, Switch> sudden;
  const Curriculum<LeftToRight, MaskedDiffusion<>, UpToAThird> own;
  CHECK(second(ramp, 0) == 0);
  CHECK(second(ramp, 0.2) == Approx(200).margin(3));  // spread evenly
  CHECK(second(ramp, 1) == 1000);
  CHECK(second(sudden, 0.49) == 0);
  CHECK(second(sudden, 0.5) == 1000);
  CHECK(second(own, 1) == Approx(333).margin(3));
}

TEST_CASE("claim and readout are those of the end") {
  CHECK(Curriculum<LeftToRight, MaskedDiffusion<>>{}.claim() == Claim::order_average);
  CHECK(Curriculum<MaskedDiffusion<>, LeftToRight>{}.claim() == Claim::exact);
  CHECK(Curriculum<Orderings<4>, LeftToRight>{}.readout() == LeftToRight{}.readout());
  CHECK(Curriculum<LeftToRight, MaskedDiffusion<>, UpToAThird>{}.claim() == Claim::order_average);  // still a mixture
  CHECK(Curriculum<Orderings<4>, LeftToRight, UpToAThird>{}.claim() == Claim::bound);
}

TEST_CASE("the sampler is that of the end") {
  RandomChoices choices(0, Purpose::sampling, 0);
  const Known none(3, 0);
  auto sampler = Curriculum<LeftToRight, MaskedDiffusion<>>{}.sampler({3}, none, choices);
  SampleStep step;
  REQUIRE(sampler.next(none, step));
  CHECK(step.any_subset);
}

TEST_CASE("a name says the schedule and both ends") {
  CHECK(Curriculum<LeftToRight, MaskedDiffusion<>>{}.name() == "curriculum:ramp(ltr to masked)");
  CHECK(Curriculum<LeftContext<MaskedDiffusion<>>, MaskedDiffusion<>, Switch>{}.name() ==
        "curriculum:switch(left-context(masked) to masked)");
}
