// Law 4: policies that ought to be the same give the same plans, bit for bit.

#include <cstdint>
#include <cstdlib>
#include <map>
#include <ratio>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/factorization/named.hpp>

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

template <class A, class B>
void check_conditionals(const A& a, const B& b) {
  for (std::int32_t length = 1; length <= 5; ++length) {
    const laws::Report report = laws::same_conditionals(a, b, Shape{length});
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

TEST_CASE("a mixture with all weight on one part is that part") {
  check_identical(Mixture<Weighted<MaskedDiffusion<>, 1>>{}, MaskedDiffusion<>{});
  check_identical(Mixture<Weighted<LeftToRight, 0>, Weighted<MaskedDiffusion<>, 7>>{}, MaskedDiffusion<>{});
  check_identical(Mixture{Weighted{Orderings<4>{}, 0.5}, Weighted{MaskedDiffusion<>{}, 0.0}}, Orderings<4>{});
  check_identical(Mixture<Weighted<LeftToRight, 1>, Weighted<MaskedDiffusion<>, 3>>{},
                  Mixture{Weighted{LeftToRight{}, 0.25}, Weighted{MaskedDiffusion<>{}, 0.75}});
}

TEST_CASE("one block that holds everything is the policy inside") {
  check_identical(Blockwise<61, MaskedDiffusion<>>{}, MaskedDiffusion<>{});
  check_identical(Blockwise<dynamic, MaskedDiffusion<Cosine, PerToken>>{64}, MaskedDiffusion<Cosine, PerToken>{});
  check_identical(Blockwise<64, LeftToRight>{}, LeftToRight{});
  check_identical(Blockwise<7, MaskedDiffusion<>>{}, Blockwise<dynamic, MaskedDiffusion<>>{7});
}

TEST_CASE("a curriculum ends as its second policy, and begins as its first") {
  const Curriculum<LeftToRight, MaskedDiffusion<>> policy;
  check_identical(policy, MaskedDiffusion<>{});
  for (std::uint64_t n = 0; n < 16; ++n) {
    RandomChoices at_the_start(0, Purpose::plan, n, 0.0);
    RandomChoices any(0, Purpose::plan, n);
    std::vector<Slot> slots;
    std::vector<Slot> expected;
    (void)policy.plan({9}, at_the_start, slots);
    (void)LeftToRight{}.plan({9}, any, expected);
    CHECK(slots == expected);
  }
}

TEST_CASE("half way through a curriculum half of the samples take the second policy") {
  int second = 0;
  for (std::uint64_t n = 0; n < 1000; ++n) {
    RandomChoices choices(0, Purpose::plan, n, 0.5);
    std::vector<Slot> slots;
    (void)Curriculum<LeftToRight, MaskedDiffusion<>>{}.plan({9}, choices, slots);
    second += slots[0].shows == Shows::start ? 0 : 1;
  }
  CHECK(std::abs(second - 500) <= 2);  // spread evenly: far below the 16 of independent draws' standard error
}

TEST_CASE("one order, no noise and an empty change are the policy inside") {
  check_identical(Orderings<1, MaskedDiffusion<>>{}, MaskedDiffusion<>{});
  check_identical(NoisyInputs<MaskedDiffusion<>>{{}, 0.0}, MaskedDiffusion<>{});
  check_identical(NoisyInputs<Orderings<4>, std::ratio<0>>{}, Orderings<4>{});
}

TEST_CASE("in one step D3PM hides everything") {
  RandomChoices choices(0, Purpose::plan, 0);
  std::vector<Slot> slots;
  (void)D3pm<1>{}.plan({5}, choices, slots);
  for (const Slot& s : slots) CHECK((s.shows == Shows::mask && s.weight == 1));
}

TEST_CASE("as conditionals, blocks of one token that are always hidden are left to right") {
  check_conditionals(Blockwise<1, MaskedDiffusion<>>{}, LeftToRight{});
  check_conditionals(Blockwise<2, LeftToRight>{}, LeftToRight{});
  check_conditionals(Blockwise<3, Blockwise<1, MaskedDiffusion<>>>{}, LeftToRight{});
}

TEST_CASE("as conditionals, masked diffusion, its shifted form and any order are one") {
  check_conditionals(AnyOrder{}, MaskedDiffusion<>{});
  check_conditionals(Shifted<MaskedDiffusion<>>{}, MaskedDiffusion<>{});
  check_conditionals(Orderings<3, MaskedDiffusion<>>{.kind = OrderKind::uniform}, MaskedDiffusion<>{});
  check_conditionals(Blockwise<2, AnyOrder>{}, Blockwise<2, MaskedDiffusion<>>{});
  check_conditionals(Blockwise<2, Shifted<MaskedDiffusion<>>>{}, Blockwise<2, MaskedDiffusion<>>{});
}

TEST_CASE("as conditionals, different policies differ") {
  CHECK_FALSE(laws::same_conditionals(LeftToRight{}, MaskedDiffusion<>{}, {3}).holds());
  CHECK_FALSE(laws::same_conditionals(Blockwise<2, MaskedDiffusion<>>{}, MaskedDiffusion<>{}, {4}).holds());
  CHECK_FALSE(laws::same_conditionals(D3pm<4>{}, MaskedDiffusion<>{}, {3}).holds());
}

TEST_CASE("a policy found by its own name gives the same plans") {
  const auto nameable = std::make_tuple(
      Blockwise<2, MaskedDiffusion<>>{}, Blockwise<dynamic, MaskedDiffusion<Cosine>>{3}, Blockwise<2, LeftToRight>{},
      Mixture<Weighted<LeftToRight, 3>, Weighted<AnyOrder, 1>, Weighted<Blockwise<2, MaskedDiffusion<>>, 2>>{},
      Mixture{Weighted{Shifted<MaskedDiffusion<>>{}, 0.4}, Weighted{LeftToRight{}, 0.6}},
      Curriculum<LeftContext<MaskedDiffusion<>>, MaskedDiffusion<>, Switch>{}, Prefix<LeftToRight, 2>{},
      Prefix<MaskedDiffusion<>>{{}, 1}, AnyOrder{}, FillInTheMiddle{}, FillInTheMiddle{.told = false},
      Orderings<3, MaskedDiffusion<>>{.kind = OrderKind::uniform}, NoisyInputs<LeftToRight, std::ratio<1, 10>>{},
      SuffixMasked<>{}, SuffixMasked<SuffixWeight::by_share>{}, D3pm<4>{}, D3pm<dynamic, Cosine>{{3}},
      MaskedDiffusion<Linear, ClippedCount>{});
  laws::for_each_of(std::tuple_cat(laws::library_policies(), nameable), [](const auto& policy) {
    const AnyFactorization found = factorization_from_name(policy.name());
    CHECK(found.name() == policy.name());
    CHECK(found.claim() == policy.claim());
    check_identical(policy, found);
  });
}
