#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_context.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/shifted.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;

}  // namespace

TEST_CASE("the slots are those of the policy inside, each seeing itself and what is before") {
  const auto plan = laid(LeftContext<MaskedDiffusion<>>{}, 4, {1, 0, 2, 1, 0});
  CHECK(plan.slots == laid(MaskedDiffusion<>{}, 4, {1, 0, 2, 1, 0}).slots);
  CHECK(plan.seen == std::vector<std::string>{"1000", "1100", "1110", "1111"});
}

TEST_CASE("the sampler asks for the same, under the causal rule, at the same pace") {
  RandomChoices choices(0, Purpose::sampling, 0);
  const Known known = {0, 1, 0};
  auto sampler = LeftContext<MaskedDiffusion<Cosine>>{}.sampler({3}, known, choices);
  SampleStep step;
  REQUIRE(sampler.next(known, step));
  CHECK(step.temporary == std::vector<Slot>{Slot::mask(0).predicting(0), Slot::token(1), Slot::mask(2).predicting(2)});
  CHECK(testing::visibility(sampler.rule(), 3) == std::vector<std::string>{"100", "110", "111"});
  CHECK(sampler.hidden(0.5) == Cosine{}.hidden(0.5));
}

TEST_CASE("with less to see the loss is a bound, unless it only trains") {
  CHECK(LeftContext<MaskedDiffusion<>>{}.claim() == Claim::bound);
  CHECK(LeftContext<MaskedDiffusion<Linear, ClippedCount>>{}.claim() == Claim::training_only);
  CHECK(LeftContext<MaskedDiffusion<Linear, ClippedCount>>{}.scored_as().name() == "left-context(masked)");
  CHECK(LeftContext<Shifted<MaskedDiffusion<>>>{}.readout() == Readout{Reads::next, Reads::next});
  CHECK(LeftContext<MaskedDiffusion<>>{}.name() == "left-context(masked)");
}
