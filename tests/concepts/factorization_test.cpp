#include <cstdint>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include <ordo/concepts/factorization.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>

#include <laws/user_policies.hpp>

namespace {

using ordo::Causal;
using ordo::Choices;
using ordo::Claim;
using ordo::Shape;

struct WithoutPlan {
  using Rule = Causal;
  [[nodiscard]] Claim claim() const { return Claim::exact; }
  [[nodiscard]] std::string name() const { return "wrong"; }
};
struct WithoutRule : WithoutPlan {
  using Rule = int;
  template <Choices C, class Slots>
  Rule plan(Shape, C&, Slots&) const {
    return {};
  }
};
struct AnotherRule : WithoutPlan {
  using Rule = Causal;
  template <Choices C, class Slots>
  ordo::Full plan(Shape, C&, Slots&) const {
    return {};
  }
};
struct PlanNotConst : WithoutPlan {
  template <Choices C, class Slots>
  Rule plan(Shape, C&, Slots&) {
    return {};
  }
};
struct Plans {
  using Rule = Causal;
  template <Choices C, class Slots>
  Rule plan(Shape, C&, Slots&) const {
    return {};
  }
};
struct ClaimIsText : Plans {
  [[nodiscard]] std::string claim() const { return "exact"; }
  [[nodiscard]] std::string name() const { return "wrong"; }
};
struct WithoutName : Plans {
  [[nodiscard]] Claim claim() const { return Claim::exact; }
};
struct CannotBeCopied : ordo::LeftToRight {
  std::unique_ptr<int> owned;
};
struct SaysNotTrainingOnly : ordo::LeftToRight {
  static constexpr bool training_only = false;
};

}  // namespace

TEST_CASE("a type that lacks a part of the contract is no factorization") {
  STATIC_REQUIRE_FALSE(ordo::Factorization<int>);
  STATIC_REQUIRE_FALSE(ordo::DrawsPlan<WithoutPlan>);
  STATIC_REQUIRE_FALSE(ordo::DrawsPlan<WithoutRule>);
  STATIC_REQUIRE_FALSE(ordo::DrawsPlan<AnotherRule>);
  STATIC_REQUIRE_FALSE(ordo::DrawsPlan<PlanNotConst>);
  STATIC_REQUIRE_FALSE(ordo::DeclaresClaim<ClaimIsText>);
  STATIC_REQUIRE_FALSE(ordo::DeclaresClaim<Plans>);
  STATIC_REQUIRE_FALSE(ordo::HasName<WithoutName>);
  STATIC_REQUIRE_FALSE(ordo::Factorization<WithoutPlan>);
  STATIC_REQUIRE_FALSE(ordo::Factorization<ClaimIsText>);
  STATIC_REQUIRE_FALSE(ordo::Factorization<WithoutName>);
  STATIC_REQUIRE_FALSE(ordo::Factorization<CannotBeCopied>);
  STATIC_REQUIRE_FALSE(ordo::TrainingOnly<ordo::LeftToRight>);
  STATIC_REQUIRE_FALSE(ordo::TrainingOnly<SaysNotTrainingOnly>);
  STATIC_REQUIRE_FALSE(ordo::ScoredAsAnother<ordo::LeftToRight>);
}

TEST_CASE("the library's policies and a user's are factorizations") {
  STATIC_REQUIRE(ordo::Factorization<ordo::LeftToRight>);
  STATIC_REQUIRE(ordo::Factorization<ordo::MaskedDiffusion<>>);
  STATIC_REQUIRE(ordo::Factorization<ordo::MaskedDiffusion<ordo::Cosine, ordo::PerToken>>);
  STATIC_REQUIRE(ordo::Factorization<ordo::Orderings<16>>);
  STATIC_REQUIRE(ordo::Factorization<ordo::Orderings<ordo::dynamic>>);
  STATIC_REQUIRE(ordo::Factorization<user::EvenThenOdd>);
  STATIC_REQUIRE(ordo::ScoredAsAnother<ordo::Orderings<16>>);
  STATIC_REQUIRE(ordo::TrainingOnly<user::OneHidden>);
}
