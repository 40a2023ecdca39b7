// Every policy of the list keeps every law of its claim. zoo_test.cpp shows that each law can fail.

#include <cstdint>
#include <type_traits>

#include <catch2/catch.hpp>

#include <ordo/concepts/factorization.hpp>

#include <laws/coverage.hpp>
#include <laws/draws_law.hpp>
#include <laws/no_leak.hpp>
#include <laws/normalisation.hpp>
#include <laws/policies.hpp>
#include <laws/sampling.hpp>
#include <laws/tiles.hpp>
#include <laws/truth.hpp>
#include <laws/well_formed.hpp>

namespace {

using namespace ordo::laws;

/// Calls law(policy, shape) for every policy and for lengths first .. last; the report must hold.
template <class Law>
void check_all(std::int32_t first, std::int32_t last, Law&& law) {
  for_each_policy([&](const auto& policy) {
    for (std::int32_t length = first; length <= last; ++length) {
      INFO("policy " << policy.name() << ", length " << length);
      const Report report = law(policy, ordo::Shape{length});
      INFO(report);
      CHECK(report.holds());
    }
  });
}

}  // namespace

TEST_CASE("every policy of the list is a factorization with a name") {
  for_each_policy([](const auto& policy) {
    STATIC_REQUIRE(ordo::Factorization<std::remove_cvref_t<decltype(policy)>>);
    CHECK(ordo::TrainingOnly<std::remove_cvref_t<decltype(policy)>> == (policy.claim() == ordo::Claim::training_only));
    CHECK(!policy.name().empty());
  });
}

TEST_CASE("law 0: plans are well formed") {
  check_all(0, 5, [](const auto& policy, ordo::Shape shape) { return well_formed(policy, shape); });
}

TEST_CASE("law 1: no predicting slot reaches what shows its target") {
  check_all(1, 5, [](const auto& policy, ordo::Shape shape) { return no_leak(policy, shape); });
}

TEST_CASE("law 2: the weights on each scored token average to 1") {
  check_all(1, 5, [](const auto& policy, ordo::Shape shape) { return coverage(policy, shape); });
}

TEST_CASE("law 3: with the best predictor of two symbols the loss is what the policy claims") {
  check_all(1, 4, [](const auto& policy, ordo::Shape shape) { return truth(policy, shape, 2, 5); });
}

TEST_CASE("law 3: with the best predictor of three symbols the loss is what the policy claims") {
  check_all(1, 3, [](const auto& policy, ordo::Shape shape) { return truth(policy, shape, 3, 6); });
}

TEST_CASE("law 5, with a random table: exact losses are those of a distribution, others are above one") {
  check_all(1, 4, [](const auto& policy, ordo::Shape shape) { return normalisation(policy, shape, 2, 7); });
  check_all(1, 3, [](const auto& policy, ordo::Shape shape) { return normalisation(policy, shape, 3, 8); });
}

TEST_CASE("plans are functions of the seed, the purpose and the index of the sample") {
  check_all(0, 6, [](const auto& policy, ordo::Shape shape) { return pure_draws(policy, shape); });
}

TEST_CASE("random choices draw each plan as often as the enumerator says") {
  check_all(1, 4, [](const auto& policy, ordo::Shape shape) { return frequencies(policy, shape); });
}

TEST_CASE("the tiles of every plan's rule keep their promises") {
  check_all(1, 5, [](const auto& policy, ordo::Shape shape) { return tiles_of(policy, shape); });
}

TEST_CASE("samplers show what is known, ask for the rest, and never change what they kept") {
  check_all(0, 6, [](const auto& policy, ordo::Shape shape) {
    using F = std::remove_cvref_t<decltype(policy)>;
    Report report;
    if constexpr (!ordo::TrainingOnly<F>) {
      for (std::uint64_t n = 0; n < 8; ++n) {
        const Report one = sampling_of(policy, shape, given_tokens(policy, shape), n);
        if (!one.holds()) report.fault(one);
      }
    }
    return report;
  });
}
