// Law 4: policies that ought to be the same give the same plans, bit for bit.

#include <cstdint>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/factorization/any.hpp>

#include <laws/draws.hpp>
#include <laws/identity.hpp>
#include <laws/policies.hpp>

namespace {

using namespace ordo;

template <class A, class B>
void check_identical(const A& a, const B& b) {
  for (const std::int32_t length : {0, 1, 2, 3, 7, 16, 61}) {
    const laws::Report report = laws::identical(a, b, Shape{length});
    INFO(a.name() << " and " << b.name() << ": " << report);
    CHECK(report.holds());
  }
}

}  // namespace

TEST_CASE("one order of either kind is left to right") {
  check_identical(LeftToRight{}, Orderings<1>{});
  check_identical(LeftToRight{}, Orderings<1>{.kind = OrderKind::uniform, .seed = 9});
  check_identical(LeftToRight{}, Orderings<dynamic>{.count = 1});
}

TEST_CASE("a number in the type and a number in the value give the same plans") {
  check_identical(Orderings<16>{}, Orderings<dynamic>{.count = 16});
  check_identical(Orderings<5>{.kind = OrderKind::uniform, .told = true, .seed = 3},
                  Orderings<dynamic>{.count = 5, .kind = OrderKind::uniform, .told = true, .seed = 3});
}

TEST_CASE("orderings are scored left to right, told networks told") {
  check_identical(Orderings<16>{.seed = 4}.scored_as(), LeftToRight{});
  check_identical(Orderings<16>{.told = true}.scored_as(), Orderings<1>{.told = true});
}

TEST_CASE("telling the target's position changes nothing else") {
  const Orderings<8> told{.told = true};
  const Orderings<8> untold{};
  for (std::uint64_t n = 0; n < 16; ++n) {
    RandomChoices a(0, Purpose::plan, n);
    RandomChoices b(0, Purpose::plan, n);
    std::vector<Slot> slots;
    std::vector<Slot> expected;
    (void)told.plan({20}, a, slots);
    (void)untold.plan({20}, b, expected);
    for (Slot& s : slots) {
      CHECK(s.target_position == s.target + 1);
      s.target_position = absent;
    }
    CHECK(slots == expected);
  }
}

TEST_CASE("the two ways of hiding with one schedule have the same distribution of hidden sets") {
  // P(set) is the integral of hidden(t)^k (1 - hidden(t))^(T - k) weighted to the same mean: their weighted
  // probabilities agree, set by set, though their draws do not.
  const auto weighted = [](const auto& policy) {
    std::map<std::vector<std::int32_t>, double> sum;
    for (const auto& draw : laws::draws_of(policy, {4})) {
      std::vector<std::int32_t> hidden;
      double weight = 0;
      for (const Slot& s : draw.slots) {
        if (s.predicts()) hidden.push_back(s.target), weight = static_cast<double>(s.weight);
      }
      if (!hidden.empty()) sum[hidden] += draw.probability * weight;
    }
    return sum;
  };
  const auto check_equal = [&](const auto& exact, const auto& per_token) {
    const auto a = weighted(exact);
    const auto b = weighted(per_token);
    REQUIRE(a.size() == 15);
    REQUIRE(b.size() == 15);
    for (const auto& [hidden, value] : a) CHECK(b.at(hidden) == Approx(value).epsilon(1e-6));
  };
  check_equal(MaskedDiffusion<Linear, ExactCount>{}, MaskedDiffusion<Linear, PerToken>{{.floor = 0}});
  check_equal(MaskedDiffusion<Cosine, ExactCount>{}, MaskedDiffusion<Cosine, PerToken>{{.floor = 0}});
}

TEST_CASE("a policy found by its own name gives the same plans") {
  laws::for_each_of(laws::library_policies(), [](const auto& policy) {
    const AnyFactorization found = factorization_from_name(policy.name());
    CHECK(found.name() == policy.name());
    CHECK(found.claim() == policy.claim());
    check_identical(policy, found);
  });
}
