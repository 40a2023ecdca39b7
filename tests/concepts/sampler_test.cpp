#include <catch2/catch.hpp>

#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>

#include <laws/user_policies.hpp>

namespace {

struct NextIsVoid {
  void next(const ordo::Known&, ordo::SampleStep&) {}
  [[nodiscard]] ordo::Causal rule() const { return {}; }
};
struct WithoutRule {
  bool next(const ordo::Known&, ordo::SampleStep&) { return false; }
};
struct MakesNumbers : ordo::LeftToRight {
  template <ordo::Choices C>
  [[nodiscard]] int sampler(ordo::Shape, const ordo::Known&, C&) const {
    return 0;
  }
};

}  // namespace

TEST_CASE("what has no next step or no rule is no sampler, and what makes none makes no sampler") {
  STATIC_REQUIRE_FALSE(ordo::Sampler<int>);
  STATIC_REQUIRE_FALSE(ordo::Sampler<NextIsVoid>);
  STATIC_REQUIRE_FALSE(ordo::Sampler<WithoutRule>);
  STATIC_REQUIRE_FALSE(ordo::MakesSampler<MakesNumbers>);
  STATIC_REQUIRE_FALSE(ordo::MakesSampler<user::RightToLeft>);
  STATIC_REQUIRE_FALSE(ordo::HasPace<ordo::OrderedSampler>);
}

TEST_CASE("the library's policies make samplers, and the plan's own serves the rest") {
  STATIC_REQUIRE(ordo::MakesSampler<ordo::LeftToRight>);
  STATIC_REQUIRE(ordo::MakesSampler<ordo::Orderings<4>>);
  STATIC_REQUIRE(ordo::MakesSampler<ordo::MaskedDiffusion<>>);
  STATIC_REQUIRE(ordo::MakesSampler<user::HalfMasked>);
  STATIC_REQUIRE(ordo::Sampler<ordo::PlanSampler<user::RightToLeft>>);
  STATIC_REQUIRE(ordo::HasPace<ordo::UnmaskingSampler>);
}
