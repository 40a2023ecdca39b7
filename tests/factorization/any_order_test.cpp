#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>
#include <ordo/factorization/any_order.hpp>

#include <laws/draws_law.hpp>
#include <support/plans.hpp>

namespace {

using namespace ordo;
using Slots = std::vector<Slot>;

}  // namespace

TEST_CASE("slots follow a drawn order, each told where its target stands") {
  CHECK(testing::laid(AnyOrder{}, 3, {0, 0}).slots == Slots{Slot::start().predicting(1).told(),
                                                            Slot::token(1).predicting(2).told(),
                                                            Slot::token(2).predicting(0).told()});
  CHECK(testing::laid(AnyOrder{}, 0, {}).slots.empty());
}

TEST_CASE("every order is drawn as often: chi-square within four standard deviations") {
  constexpr std::size_t samples = 12000;
  std::map<std::vector<std::int32_t>, double> expected;
  std::map<std::vector<std::int32_t>, std::size_t> observed;
  for (std::uint64_t n = 0; n < samples; ++n) {
    RandomChoices choices(4, Purpose::plan, n);
    Slots slots;
    (void)AnyOrder{}.plan({4}, choices, slots);
    std::vector<std::int32_t> order;
    for (const Slot& s : slots) order.push_back(s.target);
    expected[order] = 1.0 / 24;
    ++observed[order];
  }
  CHECK(observed.size() == 24);
  CHECK(std::abs(laws::chi_square_z(expected, observed, samples)) < 4);
}

TEST_CASE("sampling takes given tokens first, wherever they stand") {
  RandomChoices choices(0, Purpose::sampling, 0);
  const Known known = {0, 1, 0, 1};
  auto sampler = AnyOrder{}.sampler({4}, known, choices);
  SampleStep step;
  REQUIRE(sampler.next(known, step));
  REQUIRE(step.keep.size() == 3);
  CHECK_FALSE(step.keep[0].predicts());
  CHECK_FALSE(step.keep[1].predicts());
  CHECK(step.keep[2].predicts());
  CHECK(step.keep[2].target_position == step.keep[2].target + 1);
  CHECK(AnyOrder{}.claim() == Claim::order_average);
  CHECK(AnyOrder{}.name() == "any-order");
}
