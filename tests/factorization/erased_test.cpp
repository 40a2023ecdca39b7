#include <concepts>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/curriculum.hpp>
#include <ordo/factorization/erased.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>

#include <laws/identity.hpp>
#include <laws/user_policies.hpp>

namespace {

using namespace ordo;
using Either = OneOfRules<Causal, Full>;

}  // namespace

TEST_CASE("a policy with given tokens is not taken where they would be lost") {
  using Given = Prefix<LeftToRight, 2>;
  STATIC_REQUIRE_FALSE(std::constructible_from<Erased<Given::Rule>, Given>);
  STATIC_REQUIRE(std::constructible_from<Erased<Given::Rule, true>, Given>);
  STATIC_REQUIRE_FALSE(GivesTokens<Erased<Causal>>);
  STATIC_REQUIRE(GivesTokens<Erased<Causal, true>>);
}

TEST_CASE("an erased policy gives the plans of the one inside, bit for bit, a user's too") {
  const auto check = [](const auto& policy, const auto& erased) {
    for (const std::int32_t length : {0, 1, 7}) {
      const laws::Report report = laws::identical(policy, erased, Shape{length});
      INFO(policy.name() << ": " << report);
      CHECK(report.holds());
    }
    CHECK(erased.name() == policy.name());
    CHECK(erased.claim() == policy.claim());
    CHECK(erased.readout() == readout_of(policy));
  };
  check(Orderings<4>{.kind = OrderKind::uniform}, Erased<Causal>(Orderings<4>{.kind = OrderKind::uniform}));
  check(MaskedDiffusion<Cosine>{}, Erased<Full>(MaskedDiffusion<Cosine>{}));
  check(MaskedDiffusion<>{}, Erased<Either>(MaskedDiffusion<>{}));  // under a wider rule
  check(MaskedDiffusion<>{}, Erased<Either>(Erased<Full>(MaskedDiffusion<>{})));
  check(user::RightToLeft{}, Erased<Causal>(user::RightToLeft{}));
}

TEST_CASE("the progress of training reaches the policy inside") {
  const Erased<Either> policy = Curriculum<LeftToRight, MaskedDiffusion<>>{};
  const auto first = [&](double progress) {
    RandomChoices choices(0, Purpose::plan, 0, progress);
    std::vector<Slot> slots;
    (void)policy.plan({5}, choices, slots);
    return slots[0].shows;
  };
  CHECK(first(0) == Shows::start);
  CHECK(first(1) != Shows::start);
}

TEST_CASE("a context that does not suit the policy inside is refused") {
  const Erased<Blocks<Full>> policy = Blockwise<4, MaskedDiffusion<>>{};
  CHECK_THROWS_WITH(policy.check({6}), Catch::Contains("block 4, context 6"));
  CHECK_NOTHROW(policy.check({8}));
}

TEST_CASE("it is scored as the policy inside asks, or as itself") {
  CHECK(Erased<Causal>(Orderings<4>{}).scored_as().name() == "orderings:1");
  CHECK(Erased<Causal>(LeftToRight{}).scored_as().name() == "ltr");
}

TEST_CASE("a copy of a sampler samples on its own, and a policy without one gets the generic") {
  const auto check = [](const Erased<Causal>& policy) {
    RandomChoices choices(0, Purpose::sampling, 0);
    Known known(3, 0);
    auto sampler = policy.sampler({3}, known, choices);
    auto copy = sampler;
    SampleStep step;
    SampleStep of_copy;
    REQUIRE(sampler.next(known, step));
    REQUIRE(copy.next(known, of_copy));
    CHECK(step.keep == of_copy.keep);
    CHECK(step.temporary == of_copy.temporary);
    copy = sampler;
    known[0] = known[2] = 1;  // what one of the two directions asks for first
    CHECK(sampler.next(known, step));
    CHECK(copy.next(known, of_copy));
  };
  check(LeftToRight{});
  check(user::RightToLeft{});
}

TEST_CASE("the pace and the rule are those of the sampler inside") {
  RandomChoices choices(0, Purpose::sampling, 0);
  const auto unmasking = Erased<Either>(MaskedDiffusion<Cosine>{}).sampler({3}, Known(3, 0), choices);
  CHECK(unmasking.hidden(0.25) == Cosine{}.hidden(0.25));
  CHECK(unmasking.rule().sees(0, 1));
  const auto ordered = Erased<Either>(LeftToRight{}).sampler({3}, Known(3, 0), choices);
  CHECK(ordered.hidden(0.25) == 0.25);
  CHECK_FALSE(ordered.rule().sees(0, 1));
}
