#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/choices.hpp>

namespace {

using ordo::Levels;
using ordo::Purpose;
using ordo::RandomChoices;

constexpr int samples = 12000;

/// Standard error of a count with probability p.
double error(double p) { return std::sqrt(samples * p * (1 - p)); }

double linear(std::uint32_t k) { return k / 4.0; }

}  // namespace

TEST_CASE("choices are functions of the seed, the purpose and the sample") {
  const auto draw = [](std::uint64_t seed, Purpose purpose, std::uint64_t n) {
    RandomChoices choices(seed, purpose, n);
    std::vector<double> drawn = {static_cast<double>(choices.below(1U << 31)), choices.level(Levels::independent),
                                 choices.level(Levels::low_discrepancy), choices.level(Levels::low_discrepancy)};
    return drawn;
  };
  const auto first = draw(1, Purpose::plan, 0);
  CHECK(draw(1, Purpose::plan, 0) == first);
  for (const auto& other : {draw(2, Purpose::plan, 0), draw(1, Purpose::scoring, 0), draw(1, Purpose::plan, 1)}) {
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(other[i] != first[i]);
  }
  CHECK(first[2] != first[3]);
}

TEST_CASE("a low-discrepancy level is the same whatever was chosen before it") {
  RandomChoices plain(1, Purpose::plan, 8);
  RandomChoices later(1, Purpose::plan, 8);
  (void)later.below(5);
  (void)later.happens(0.5);
  CHECK(plain.level(Levels::low_discrepancy) == later.level(Levels::low_discrepancy));
}

TEST_CASE("what happens with a probability happens that often, within four standard errors") {
  for (const double p : {0.001, 0.25, 0.5, 0.9}) {
    int count = 0;
    for (int n = 0; n < samples; ++n) {
      count += RandomChoices(1, Purpose::test, static_cast<std::uint64_t>(n)).happens(p) ? 1 : 0;
    }
    CAPTURE(p);
    CHECK(std::abs(count - samples * p) < 4 * error(p));
  }
}

TEST_CASE("what is certain happens always, what is impossible never") {
  RandomChoices choices(3, Purpose::test, 0);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(choices.happens(1.0));
    REQUIRE_FALSE(choices.happens(0.0));
  }
}

TEST_CASE("a pick follows its cumulative probabilities under either kind of levels") {
  const std::vector<double> cumulative = {0, 0.1, 0.1, 0.7, 1};  // the second has no chance
  for (const Levels levels : {Levels::independent, Levels::low_discrepancy}) {
    std::vector<int> counts(4, 0);
    for (int n = 0; n < samples; ++n) {
      RandomChoices choices(2, Purpose::test, static_cast<std::uint64_t>(n));
      ++counts[choices.pick(4, levels, [&](std::uint32_t k) { return cumulative[k]; })];
    }
    CHECK(counts[1] == 0);
    for (std::size_t k = 0; k < 4; ++k) {
      const double p = cumulative[k + 1] - cumulative[k];
      CHECK(std::abs(counts[k] - samples * p) < 4 * error(p) + 1);
    }
  }
}

TEST_CASE("a pick of one is no question") {
  RandomChoices choices(2, Purpose::test, 0);
  CHECK(choices.pick(1, Levels::independent, linear) == 0);
}

TEST_CASE("low-discrepancy picks are even in every window, independent ones are not") {
  const auto worst = [](Levels levels) {
    double furthest = 0;
    for (const std::uint64_t first : {0ULL, 12345ULL, 1ULL << 33}) {
      for (const int window : {32, 256, 1000}) {
        std::vector<int> counts(4, 0);
        for (int i = 0; i < window; ++i) {
          RandomChoices choices(9, Purpose::plan, first + static_cast<std::uint64_t>(i));
          ++counts[choices.pick(4, levels, linear)];
        }
        for (const int c : counts) furthest = std::max(furthest, std::abs(c - window / 4.0));
      }
    }
    return furthest;
  };
  CHECK(worst(Levels::low_discrepancy) <= 3);
  CHECK(worst(Levels::independent) > 10);  // a standard deviation of 14 in the largest window
}

TEST_CASE("progress is passed on, and is 1 unless said otherwise") {
  CHECK(RandomChoices(0, Purpose::plan, 0).progress() == 1);
  CHECK(RandomChoices(0, Purpose::plan, 0, 0.25).progress() == 0.25);
}

TEST_CASE("choices are equal until one of them draws, whatever it draws") {
  const RandomChoices fresh(1, Purpose::plan, 3);
  const auto differs = [&](const auto& draw) {
    RandomChoices choices = fresh;
    CHECK(choices == fresh);
    draw(choices);
    return !(choices == fresh);
  };
  CHECK(differs([](RandomChoices& c) { (void)c.below(2); }));
  CHECK(differs([](RandomChoices& c) { (void)c.happens(0.5); }));
  CHECK(differs([](RandomChoices& c) { (void)c.level(Levels::independent); }));
  CHECK(differs([](RandomChoices& c) { (void)c.level(Levels::low_discrepancy); }));
  CHECK_FALSE(differs([](RandomChoices& c) { (void)c.progress(); }));
}
