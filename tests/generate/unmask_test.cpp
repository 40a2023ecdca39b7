// Which tokens a step reveals, by hand.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/slot.hpp>
#include <ordo/generate/unmask.hpp>

namespace {

using ordo::Candidate;
using ordo::Unmask;

std::vector<std::int32_t> order(Unmask unmask, std::vector<Candidate> candidates) {
  ordo::sort_by_rank(unmask, candidates);
  std::vector<std::int32_t> targets;
  for (const Candidate& c : candidates) targets.push_back(c.target);
  return targets;
}

Candidate with_entropy(double nats) { return {0, 0, 0, {0, 0, nats}}; }

}  // namespace

TEST_CASE("each choice has a name of its own") {
  for (const Unmask a : ordo::every_unmask) {
    for (const Unmask b : ordo::every_unmask) CHECK((a == b) == (to_string(a) == to_string(b)));
  }
}

TEST_CASE("candidates are ranked by what the choice is named for, and ties go to the earlier token") {
  // target, token, its probability; highest probability, margin, entropy
  const std::vector<Candidate> candidates = {
      {4, 1, 0.10, {0.60, 0.30, 0.9}}, {2, 1, 0.50, {0.50, 0.30, 0.7}}, {7, 0, 0.30, {0.90, 0.10, 0.8}}};
  CHECK(order(Unmask::confidence, candidates) == std::vector<std::int32_t>{2, 7, 4});
  CHECK(order(Unmask::certainty, candidates) == std::vector<std::int32_t>{7, 4, 2});
  CHECK(order(Unmask::margin, candidates) == std::vector<std::int32_t>{2, 4, 7});
  CHECK(order(Unmask::entropy, candidates) == std::vector<std::int32_t>{2, 7, 4});
  CHECK(order(Unmask::left_to_right, candidates) == std::vector<std::int32_t>{2, 4, 7});
}

TEST_CASE("candidates whose rank is no number come last") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<Candidate> candidates;
  std::vector<std::int32_t> expected;
  for (std::int32_t i = 0; i < 40; ++i) {
    candidates.push_back({i, 0, i % 3 == 0 ? none : 0.01 * i, {}});
    if (i % 3 != 0) expected.insert(expected.begin(), i);
  }
  for (std::int32_t i = 0; i < 40; i += 3) expected.push_back(i);
  CHECK(order(Unmask::confidence, candidates) == expected);
}

TEST_CASE("a bound on confidence takes all that reach it, and one where none does") {
  const std::vector<Candidate> sorted = {{0, 0, 0.9, {}}, {1, 0, 0.8, {}}, {2, 0, 0.5, {}}};
  CHECK(ordo::reaching(0.95, Unmask::confidence, sorted) == 1);
  CHECK(ordo::reaching(0.80, Unmask::confidence, sorted) == 2);
  CHECK(ordo::reaching(0.10, Unmask::confidence, sorted) == 3);
}

TEST_CASE("a bound on entropy takes the longest run whose sum without the largest stays within it") {
  const std::vector<Candidate> sorted = {with_entropy(0), with_entropy(0.2), with_entropy(0.3), with_entropy(0.5)};
  CHECK(ordo::within_entropy(0, sorted) == 2);  // 0 | 0.2
  CHECK(ordo::within_entropy(0.19, sorted) == 2);
  CHECK(ordo::within_entropy(0.2, sorted) == 3);  // 0 + 0.2 | 0.3
  CHECK(ordo::within_entropy(0.51, sorted) == 4);
  CHECK(ordo::within_entropy(0, std::vector<Candidate>{with_entropy(3)}) == 1);
}

TEST_CASE("only the first block that asks may be revealed, whichever way its slots lie") {
  using ordo::Slot;
  const std::vector<Slot> slots = {Slot::mask(5).predicting(5), Slot::token(0), Slot::mask(3).predicting(3),
                                   Slot::mask(2).predicting(2), Slot::mask(4).predicting(4)};
  using Numbers = std::vector<std::size_t>;
  CHECK(ordo::eligible(slots, 0) == Numbers{0, 2, 3, 4});
  CHECK(ordo::eligible(slots, 2) == Numbers{2, 3});
  CHECK(ordo::eligible(slots, 3) == Numbers{3});
  CHECK(ordo::eligible(slots, 100) == Numbers{0, 2, 3, 4});
  CHECK(ordo::eligible({}, 2).empty());
  std::vector<Slot> fewer = slots;
  ordo::predict_only(fewer, Numbers{3});
  CHECK(ordo::eligible(fewer, 0) == Numbers{3});
}
