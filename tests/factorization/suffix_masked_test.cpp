#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/suffix_masked.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;
using Slots = std::vector<Slot>;

}  // namespace

TEST_CASE("the last tokens are hidden, each weighted by one over the probability that it is") {
  CHECK(laid(SuffixMasked<>{}, 4, {1}).slots ==
        Slots{Slot::token(0), Slot::token(1), Slot::mask(2).predicting(2, 4.0F / 3), Slot::mask(3).predicting(3)});
  CHECK(laid(SuffixMasked<>{}, 2, {1}).slots == Slots{Slot::mask(0).predicting(0, 2), Slot::mask(1).predicting(1)});
  CHECK(laid(SuffixMasked<>{}, 0, {}).slots.empty());
}

TEST_CASE("by share, all hidden tokens have the weight of their count, and the loss only trains") {
  using ByShare = SuffixMasked<SuffixWeight::by_share>;
  CHECK(laid(ByShare{}, 4, {1}).slots ==
        Slots{Slot::token(0), Slot::token(1), Slot::mask(2).predicting(2, 2), Slot::mask(3).predicting(3, 2)});
  CHECK(ByShare{}.claim() == Claim::training_only);
  CHECK(ByShare{}.scored_as().claim() == Claim::bound);
}

TEST_CASE("sampling shows what is given and asks for the first token that is not") {
  RandomChoices choices(0, Purpose::sampling, 0);
  Known known = {1, 0, 0, 1};
  auto sampler = SuffixMasked<>{}.sampler({4}, known, choices);
  SampleStep step;
  REQUIRE(sampler.next(known, step));
  CHECK_FALSE(step.any_subset);
  CHECK(step.keep.empty());
  CHECK(step.temporary == Slots{Slot::token(0), Slot::mask(1).predicting(1), Slot::mask(2), Slot::token(3)});
  CHECK_FALSE(sampler.next(Known{1, 1, 1, 1}, step));
}
