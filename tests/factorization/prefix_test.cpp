#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;
using Rows = std::vector<std::string>;
using Slots = std::vector<Slot>;

}  // namespace

TEST_CASE("a prefix that leaves nothing of the context to predict is refused with both numbers") {
  CHECK_THROWS_WITH((Prefix<LeftToRight, 8>{}.check({8})), Catch::Contains("got prefix 8, context 8"));
  CHECK_THROWS_WITH((Prefix<LeftToRight>{{}, 20}.check({8})), Catch::Contains("got prefix 20, context 8"));
  CHECK_THROWS_WITH((Prefix<LeftToRight>{{}, 0}), Catch::Contains("must be positive (got 0)"));
  CHECK_NOTHROW(Prefix<LeftToRight, 7>{}.check({8}));
}

TEST_CASE("blocks behind a prefix must fill what is left of the context") {
  CHECK_THROWS_WITH((Prefix<Blockwise<4, MaskedDiffusion<>>, 2>{}.check({8})), Catch::Contains("block 4, context 6"));
  CHECK_NOTHROW((Prefix<Blockwise<3, MaskedDiffusion<>>, 2>{}.check({8})));
}

TEST_CASE("a sampler that is not given the prefix says which token is missing") {
  RandomChoices choices(0, Purpose::sampling, 0);
  const Known known = {1, 0, 0, 0};
  auto sampler = Prefix<LeftToRight, 2>{}.sampler({4}, known, choices);
  SampleStep step;
  CHECK_THROWS_WITH(sampler.next(known, step), Catch::Contains("token 1 must be given"));
}

TEST_CASE("a prefix is seen from both sides, the rest begins with the prefix's last token") {
  const auto plan = laid(Prefix<LeftToRight, 2>{}, 4, {});
  CHECK(plan.slots ==
        Slots{Slot::token(0), Slot::token(1), Slot::token(1).predicting(2), Slot::token(2).predicting(3)});
  CHECK(plan.seen == Rows{"1100", "1100", "1110", "1111"});
}

TEST_CASE("masked diffusion behind a prefix hides tokens of the rest only") {
  const auto plan = laid(Prefix<MaskedDiffusion<>, 1>{}, 3, {0, 0, 0});
  CHECK(plan.slots == Slots{Slot::token(0), Slot::mask(1).predicting(1, 2), Slot::token(2)});
  CHECK(plan.seen == Rows{"100", "111", "111"});
}

TEST_CASE("given tokens are the prefix, those of a prefix inside too; a short sequence is given whole") {
  CHECK(Prefix<LeftToRight, 2>{}.given({4}) == Known{1, 1, 0, 0});
  CHECK(Prefix<Prefix<LeftToRight, 1>, 2>{}.given({5}) == Known{1, 1, 1, 0, 0});
  CHECK(Prefix<LeftToRight, 3>{}.given({2}) == Known{1, 1});
  CHECK(scored_tokens(Prefix<LeftToRight, 3>{}, {2}) == 0);
  CHECK(laid(Prefix<LeftToRight, 3>{}, 2, {}).slots == Slots{Slot::token(0), Slot::token(1)});
}

TEST_CASE("sampling keeps the prefix and goes on from it") {
  RandomChoices choices(0, Purpose::sampling, 0);
  Known known = {1, 1, 0, 0};
  auto sampler = Prefix<MaskedDiffusion<>, 2>{}.sampler({4}, known, choices);
  SampleStep step;
  REQUIRE(sampler.next(known, step));
  CHECK(step.keep == Slots{Slot::token(0), Slot::token(1)});
  CHECK(step.temporary == Slots{Slot::mask(2).predicting(2), Slot::mask(3).predicting(3)});
  CHECK(testing::visibility(sampler.rule(), 4) == Rows{"1100", "1100", "1111", "1111"});
}

TEST_CASE("claim and what it is scored as are those of the policy inside, given the prefix") {
  CHECK(Prefix<LeftToRight, 2>{}.claim() == Claim::exact);
  CHECK(Prefix<MaskedDiffusion<>, 2>{}.claim() == Claim::order_average);
  CHECK(Prefix<Orderings<4>, 2>{}.scored_as().name() == "prefix:2(orderings:1)");
  CHECK(Prefix<Orderings<4>, 2>{}.scored_as().claim() == Claim::exact);
}
