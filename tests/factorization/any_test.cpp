#include <limits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/any.hpp>

#include <laws/identity.hpp>

namespace {

using namespace ordo;

AnyMixture of_two(std::vector<double> weights) { return {std::move(weights), {LeftToRight{}, MaskedDiffusion<>{}}}; }

}  // namespace

TEST_CASE("a mixture at run time refuses weights as a mixture of types does, and their number too") {
  CHECK_THROWS_WITH(of_two({1}), Catch::Contains("got 1 for 2"));
  CHECK_THROWS_WITH(of_two({-1, 1}), Catch::Contains("got -1"));
  CHECK_THROWS_WITH(of_two({1, std::numeric_limits<double>::quiet_NaN()}), Catch::Contains("got nan"));
  CHECK_THROWS_WITH(of_two({0, 0}), Catch::Contains("at least one weight must be positive"));
}

TEST_CASE("a mixture at run time gives the plans, the claim and the name of the mixture of types") {
  const Mixture typed{Weighted{LeftToRight{}, 0.25}, Weighted{MaskedDiffusion<>{}, 0.75}};
  const AnyMixture found = of_two({0.25, 0.75});
  const laws::Report report = laws::identical(typed, found, Shape{7});
  INFO(report);
  CHECK(report.holds());
  CHECK(found.claim() == typed.claim());
  CHECK(found.readout() == typed.readout());
  CHECK(found.name() == typed.name());
}

TEST_CASE("any policy is a factorization with a sampler and a score, left to right where nothing is said") {
  STATIC_REQUIRE(Factorization<AnyFactorization>);
  STATIC_REQUIRE(ScoredAsAnother<AnyFactorization>);
  STATIC_REQUIRE(MakesSampler<AnyFactorization>);
  CHECK(AnyFactorization{}.name() == "ltr");
}

TEST_CASE("orderings are scored by their first order, a policy that names no other as itself") {
  CHECK(AnyFactorization(Orderings<16>{.told = true}).scored_as().name() == "orderings:1:told");
  CHECK(AnyFactorization(Orderings<16>{}).scored_as().claim() == Claim::exact);
  CHECK(AnyFactorization(MaskedDiffusion<Cosine>{}).scored_as().name() == "masked:cosine");
}

TEST_CASE("the pace of unmasking is the schedule's") {
  const auto pace = [](const AnyFactorization& policy) {
    RandomChoices choices(0, Purpose::sampling, 0);
    return policy.sampler({3}, Known(3, 0), choices).hidden(0.25);
  };
  CHECK(pace(MaskedDiffusion<>{}) == 0.25);
  CHECK(pace(LeftToRight{}) == 0.25);
  CHECK(pace(MaskedDiffusion<Cosine>{}) == Cosine{}.hidden(0.25));
}

TEST_CASE("given tokens are those of the policy inside") {
  CHECK(AnyFactorization(Prefix<LeftToRight, 2>{}).given({3}) == Known{1, 1, 0});
  CHECK(AnyFactorization(LeftToRight{}).given({3}) == Known{0, 0, 0});
}
