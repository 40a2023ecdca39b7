#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/hiding.hpp>

#include <support/plans.hpp>

namespace {

using namespace ordo;
using testing::laid;
using Slots = std::vector<Slot>;
using Clipped = MaskedDiffusion<Linear, ClippedCount>;

}  // namespace

TEST_CASE("levels that are no range within 0 to 1 are refused with their values") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const ClippedCount levels : {ClippedCount{0.8, 0.3}, ClippedCount{-0.1, 0.5}, ClippedCount{0.2, 1.5},
                                    ClippedCount{nan, 0.5}, ClippedCount{0.5, nan}}) {
    CHECK_THROWS_WITH(laid(Clipped{levels}, 4, {0}), Catch::Contains("0 <= low <= high <= 1 (got "));
  }
}

TEST_CASE("a number of steps that is not positive is refused") {
  CHECK_THROWS_WITH(D3pm<>{{0}}, Catch::Contains("must be positive (got 0)"));
  CHECK_THROWS_WITH(D3pm<4>{{3}}, Catch::Contains("4 by its type (got 3)"));
}

TEST_CASE("in the first of two steps half is hidden, at twice the weight; in the last everything, without a draw") {
  CHECK(laid(D3pm<2>{}, 2, {0, 1, 0}).slots == Slots{Slot::mask(0).predicting(0, 2), Slot::token(1)});
  const auto last = laid(D3pm<2>{}, 2, {1});
  CHECK(last.used_up);
  CHECK(last.slots == Slots{Slot::mask(0).predicting(0), Slot::mask(1).predicting(1)});
}

TEST_CASE("steps follow the schedule") {
  const auto slots = laid(D3pm<dynamic, Cosine>{{2}}, 1, {1}).slots;  // hidden(1) = 1, hidden(1/2) = cos(pi/4)
  REQUIRE(slots.size() == 1);
  CHECK(slots[0].weight == Approx(2 * (1 - std::cos(std::acos(-1.0) / 4))));
}

TEST_CASE("clipped counts stay within their range, each with weight T / count") {
  std::set<int> counts;
  for (std::uint64_t n = 0; n < 200; ++n) {
    RandomChoices choices(0, Purpose::plan, n);
    Slots slots;
    (void)Clipped{{.low = 0.25, .high = 0.5}}.plan({8}, choices, slots);
    int count = 0;
    for (const Slot& s : slots) count += s.predicts() ? 1 : 0;
    for (const Slot& s : slots) CHECK(s.weight == (s.predicts() ? 8.0F / static_cast<float>(count) : 0.0F));
    counts.insert(count);
  }
  CHECK(counts == std::set<int>{2, 3, 4});
}

TEST_CASE("a range too narrow for a short sequence still hides a token") {
  CHECK(laid(Clipped{{.low = 0, .high = 0.1}}, 1, {0, 0}).slots == Slots{Slot::mask(0).predicting(0)});
  CHECK(laid(Clipped{}, 0, {}).slots.empty());
}

TEST_CASE("steps are a bound, clipped counts only train and are scored with all counts") {
  CHECK(D3pm<8>{}.claim() == Claim::bound);
  CHECK(Clipped{}.claim() == Claim::training_only);
  CHECK(Clipped{}.scored_as().claim() == Claim::order_average);
  CHECK(Clipped{}.scored_as().name() == "masked");
  CHECK(D3pm<dynamic, Cosine>{{16}}.name() == "masked:cosine:steps=16");
  CHECK(Clipped{}.name() == "masked:clipped=0.3-0.8");
}
