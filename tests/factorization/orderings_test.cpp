#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/orderings.hpp>

#include <laws/draws_law.hpp>

namespace {

using ordo::fixed_order;
using ordo::Orderings;
using ordo::OrderKind;
using ordo::Slot;
using Order = std::vector<std::int32_t>;

/// The order of the plan of sample n.
template <int N>
Order drawn(const Orderings<N>& policy, std::uint64_t seed, std::uint64_t n, std::int32_t length) {
  ordo::RandomChoices choices(seed, ordo::Purpose::plan, n);
  std::vector<Slot> slots;
  (void)policy.plan({length}, choices, slots);
  Order order;
  for (const Slot& s : slots) order.push_back(s.target);
  return order;
}

}  // namespace

TEST_CASE("a number of orders that is not positive is refused") {
  CHECK_THROWS_WITH(Orderings<ordo::dynamic>{.count = 0}, Catch::Contains("got 0"));
  CHECK_THROWS_WITH(Orderings<4>{.count = 5}, Catch::Contains("4 by its type (got 5)"));
}

TEST_CASE("untold orderings refuse to fill a gap, told ones take the given tokens first") {
  ordo::RandomChoices choices(0, ordo::Purpose::sampling, 0);
  ordo::Known known = {0, 1, 0, 1};
  CHECK_THROWS_WITH(Orderings<4>{}.sampler({4}, known, choices), Catch::Contains("token 1 is given after a gap"));

  auto sampler = Orderings<4>{.told = true}.sampler({4}, known, choices);
  STATIC_REQUIRE(ordo::Sampler<decltype(sampler)>);
  ordo::SampleStep step;
  REQUIRE(sampler.next(known, step));
  REQUIRE(step.keep.size() == 3);
  CHECK_FALSE(step.keep[0].predicts());
  CHECK(step.keep[0].target_position == 2);  // still told, as in training
  CHECK_FALSE(step.keep[1].predicts());
  CHECK(step.keep[2] == Slot::token(3).predicting(0).told());
  known[0] = 1;
  REQUIRE(sampler.next(known, step));
  CHECK(step.keep == std::vector<Slot>{Slot::token(0).predicting(2).told()});
  known[2] = 1;
  CHECK_FALSE(sampler.next(known, step));
}

TEST_CASE("the published example of one order gives the published inputs, labels and positions") {
  // Prabhudesai et al. 2025, their code: tokens named by their index, token 0 (here the start) stays first.
  const Order order = {2, 0, 1, 4, 5, 3};
  std::vector<Slot> slots;
  ordo::RandomChoices choices(0, ordo::Purpose::plan, 0);
  (void)ordo::LeftToRight{}.plan({6}, choices, slots);
  reorder_slots(slots, 0, order, false);
  std::vector<int> inputs;
  std::vector<int> labels;
  std::vector<int> positions;
  for (const Slot& s : slots) {
    inputs.push_back(s.shows == ordo::Shows::start ? 0 : s.index + 1);
    labels.push_back(s.target + 1);
    positions.push_back(s.position);
    CHECK(s.target_position == ordo::absent);
    CHECK(s.weight == 1);
  }
  CHECK(inputs == std::vector<int>{0, 3, 1, 2, 5, 6});
  CHECK(labels == std::vector<int>{3, 1, 2, 5, 6, 4});
  CHECK(positions == std::vector<int>{0, 3, 1, 2, 5, 6});
}

TEST_CASE("every order is a permutation, the first left to right, the others not") {
  for (const OrderKind kind : {OrderKind::local, OrderKind::uniform}) {
    std::set<Order> distinct;
    Order sorted(50);
    std::iota(sorted.begin(), sorted.end(), 0);
    for (int i = 0; i < 16; ++i) {
      Order order = fixed_order(kind, 5, i, {50});
      CHECK((order == sorted) == (i == 0));
      distinct.insert(order);
      std::sort(order.begin(), order.end());
      CHECK(order == sorted);
    }
    CHECK(distinct.size() == 16);
  }
  CHECK(fixed_order(OrderKind::local, 0, 3, {0}).empty());
}

TEST_CASE("orders are the policy's: the same for all samples and run seeds, others under another order seed") {
  std::set<Order> table;
  for (int i = 0; i < 8; ++i) table.insert(fixed_order(OrderKind::uniform, 3, i, {20}));
  const Orderings<8> policy{.kind = OrderKind::uniform, .seed = 3};
  std::set<Order> met;
  for (const std::uint64_t run : {0ULL, 1ULL, 99ULL}) {
    for (std::uint64_t n = 0; n < 40; ++n) met.insert(drawn(policy, run, n, 20));
  }
  CHECK(met == table);
  const Orderings<8> other{.kind = OrderKind::uniform, .seed = 4};
  std::size_t shared = 0;
  for (std::uint64_t n = 0; n < 40; ++n) shared += met.count(drawn(other, 0, n, 20));
  CHECK(shared < 20);  // left to right is in both, and drawn by one sample in eight
}

TEST_CASE("sixteen orders are four and twelve more") {
  std::set<Order> four;
  std::set<Order> sixteen;
  for (std::uint64_t n = 0; n < 400; ++n) {
    four.insert(drawn(Orderings<4>{}, 0, n, 30));
    sixteen.insert(drawn(Orderings<16>{}, 0, n, 30));
  }
  CHECK(four.size() == 4);
  CHECK(sixteen.size() == 16);
  CHECK(std::includes(sixteen.begin(), sixteen.end(), four.begin(), four.end()));
}

TEST_CASE("each sample draws one order uniformly: chi-square within four standard deviations") {
  constexpr int count = 8;
  constexpr std::size_t samples = 8000;
  std::map<Order, double> expected;
  for (int i = 0; i < count; ++i) expected[fixed_order(OrderKind::uniform, 0, i, {10})] = 1.0 / count;
  std::map<Order, std::size_t> observed;
  for (std::uint64_t n = 0; n < samples; ++n) {
    ++observed[drawn(Orderings<count>{.kind = OrderKind::uniform}, 1, n, 10)];
  }
  CHECK(observed.size() == count);
  CHECK(std::abs(ordo::laws::chi_square_z(expected, observed, samples)) < 4);
}

TEST_CASE("uniform orders are uniform over all permutations: chi-square within four standard deviations") {
  Order order = {0, 1, 2, 3};
  std::map<Order, double> expected;
  do expected[order] = 1.0 / 24;
  while (std::next_permutation(order.begin(), order.end()));
  constexpr std::size_t samples = 12000;
  std::map<Order, std::size_t> observed;
  for (std::uint64_t seed = 0; seed < samples; ++seed) ++observed[fixed_order(OrderKind::uniform, seed, 1, {4})];
  CHECK(std::abs(ordo::laws::chi_square_z(expected, observed, samples)) < 4);
}

TEST_CASE("order i of the local kind moves tokens by i on average, within four standard errors") {
  // Far from the ends a token's rank moves by its own noise i z, by what crosses it (variance i / sqrt(pi) - 1/6)
  // and by 1/2 - Phi(z), which falls with z: in sum, variance i^2 - 1/12.
  constexpr std::int32_t length = 4000;
  constexpr std::int32_t margin = 100;
  for (const int i : {1, 2, 5, 15}) {
    double square = 0;
    double count = 0;
    for (const std::uint64_t seed : {1ULL, 2ULL, 3ULL}) {
      const Order order = fixed_order(OrderKind::local, seed, i, {length});
      for (std::int32_t s = margin; s < length - margin; ++s) {
        const double moved = order[static_cast<std::size_t>(s)] - s;
        square += moved * moved;
        count += 1;
      }
    }
    const double variance = square / count;
    const double expected = i * i - 1.0 / 12;
    CAPTURE(i, variance);
    CHECK(std::abs(variance - expected) < 4 * expected * std::sqrt(2 / count));
  }
}

TEST_CASE("only one order, or told orders, are more than a bound") {
  CHECK(Orderings<2>{}.claim() == ordo::Claim::bound);
  CHECK(Orderings<2>{.told = true}.claim() == ordo::Claim::order_average);
  CHECK(Orderings<1>{}.claim() == ordo::Claim::exact);
  CHECK(Orderings<1>{.told = true}.claim() == ordo::Claim::exact);
  CHECK(Orderings<ordo::dynamic>{.count = 1}.claim() == ordo::Claim::exact);
  CHECK(Orderings<16>{}.scored_as().claim() == ordo::Claim::exact);
}

TEST_CASE("a name says the number, the kind, whether told, and a seed that is not zero") {
  CHECK(Orderings<16>{}.name() == "orderings:16");
  CHECK(Orderings<ordo::dynamic>{.count = 3, .kind = OrderKind::uniform, .told = true, .seed = 5}.name() ==
        "orderings:3:uniform:told:seed=5");
}
