#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/named.hpp>

using ordo::AnyFactorization;
using ordo::factorization_from_name;

TEST_CASE("a name that means no factorization is refused with the spellings that do") {
  for (const char* name : {"",
                           ":",
                           "LTR",
                           "ltr:2",
                           "gpt",
                           "orderings",
                           "orderings:",
                           "orderings:0",
                           "orderings:-3",
                           "orderings:4x",
                           "orderings:99999999999999",
                           "orderings:4:sorted",
                           "orderings:4:seed=",
                           "orderings:4:seed=-1",
                           "masked:",
                           "masked:sine",
                           "masked:no-floor",
                           "masked:floor=0.1",
                           "masked:per-token:floor=1",
                           "masked:per-token:floor=-0.1",
                           "masked:per-token:floor=nan",
                           "masked:per-token:independent",
                           "masked ",
                           "ltr\n"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(factorization_from_name(name),
                      Catch::Contains("'" + std::string(name) + "'") && Catch::Contains("known: ltr, masked"));
  }
}

TEST_CASE("each spelling gives its policy, and the policy's name leads back") {
  using ordo::Claim;
  const std::vector<std::pair<std::string, Claim>> known = {
      {"ltr", Claim::exact},
      {"orderings:1", Claim::exact},
      {"orderings:16", Claim::bound},
      {"orderings:3:uniform:told:seed=12", Claim::order_average},
      {"masked", Claim::order_average},
      {"masked:independent", Claim::order_average},
      {"masked:cosine", Claim::order_average},
      {"masked:cosine:independent", Claim::order_average},
      {"masked:per-token", Claim::bound},
      {"masked:per-token:no-floor", Claim::order_average},
      {"masked:per-token:floor=0.01", Claim::bound},
      {"masked:per-token:floor=1e-05", Claim::bound},
      {"masked:per-token:low-discrepancy", Claim::bound},
      {"masked:cosine:per-token", Claim::bound},
  };
  for (const auto& [name, claim] : known) {
    CAPTURE(name);
    const auto policy = factorization_from_name(name);
    CHECK(policy.name() == name);
    CHECK(policy.claim() == claim);
  }
  CHECK(factorization_from_name("orderings:4:seed=0").name() == "orderings:4");
  CHECK(AnyFactorization{}.name() == "ltr");
}

TEST_CASE("orderings are scored by their first order, every other policy as itself") {
  STATIC_REQUIRE(ordo::Factorization<AnyFactorization>);
  STATIC_REQUIRE(ordo::ScoredAsAnother<AnyFactorization>);
  STATIC_REQUIRE(ordo::MakesSampler<AnyFactorization>);
  CHECK(factorization_from_name("orderings:16:told").scored_as().name() == "orderings:1:told");
  CHECK(factorization_from_name("orderings:16").scored_as().claim() == ordo::Claim::exact);
  CHECK(factorization_from_name("masked:cosine").scored_as().name() == "masked:cosine");
}

TEST_CASE("the pace of unmasking is the schedule's") {
  const auto pace = [](const char* name) {
    ordo::RandomChoices choices(0, ordo::Purpose::sampling, 0);
    return factorization_from_name(name).sampler({3}, ordo::Known(3, 0), choices).hidden(0.25);
  };
  CHECK(pace("masked") == 0.25);
  CHECK(pace("ltr") == 0.25);
  CHECK(pace("masked:cosine") == ordo::Cosine{}.hidden(0.25));
}

TEST_CASE("the sampler and its rule are those of the policy inside") {
  ordo::RandomChoices choices(0, ordo::Purpose::sampling, 0);
  const ordo::Known none(3, 0);
  ordo::SampleStep step;
  auto ordered = factorization_from_name("ltr").sampler({3}, none, choices);
  REQUIRE(ordered.next(none, step));
  CHECK(step.keep.size() == 1);
  CHECK_FALSE(ordered.rule().sees(0, 1));
  auto unmasking = factorization_from_name("masked").sampler({3}, none, choices);
  REQUIRE(unmasking.next(none, step));
  CHECK(step.temporary.size() == 3);
  CHECK(unmasking.rule().sees(0, 1));
}
