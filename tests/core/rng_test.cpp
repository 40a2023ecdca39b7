#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/rng.hpp>

namespace {

using ordo::Purpose;
using ordo::Stream;
using Words = std::array<std::uint32_t, 4>;

/// Pearson's chi-square of counts that ought to be equal, less its mean, over its standard deviation.
double evenness(const std::vector<int>& counts) {
  double total = 0;
  for (const int c : counts) total += c;
  const double mean = total / static_cast<double>(counts.size());
  double chi = 0;
  for (const int c : counts) chi += (c - mean) * (c - mean) / mean;
  const auto freedom = static_cast<double>(counts.size() - 1);
  return (chi - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("Philox gives the known answers that Random123 publishes for philox4x32-10") {
  CHECK(ordo::philox({0, 0, 0, 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(ordo::philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffffULL) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(ordo::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822ULL) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream is Philox at the counter (block, n, purpose and lane) under the seed") {
  Stream stream(5, Purpose::scoring, 0x1234567890abcdefULL, 7);
  const Words first = ordo::philox({0, 0x90abcdef, 0x12345678, (5U << 24) | 7U}, 5);
  const Words second = ordo::philox({1, 0x90abcdef, 0x12345678, (5U << 24) | 7U}, 5);
  for (const std::uint32_t word : first) CHECK(stream.next() == word);
  for (const std::uint32_t word : second) CHECK(stream.next() == word);
}

TEST_CASE("streams with another seed, purpose, index or lane are others") {
  std::set<std::uint64_t> firsts;
  int streams = 0;
  for (const std::uint64_t seed : {0ULL, 1ULL, 1ULL << 32}) {
    for (const Purpose purpose : {Purpose::plan, Purpose::scoring}) {
      for (const std::uint64_t n : {0ULL, 1ULL, 1ULL << 32}) {
        for (const std::uint32_t lane : {0U, 1U, 2U}) {
          firsts.insert(Stream(seed, purpose, n, lane).next64());
          ++streams;
        }
      }
    }
  }
  CHECK(firsts.size() == static_cast<std::size_t>(streams));
}

TEST_CASE("numbers below a bound are below it, and even: chi-square within four standard deviations") {
  Stream stream(1, Purpose::test, 0);
  for (const std::uint32_t bound : {1U, 2U, 3U, 7U, 10U, 64U}) {
    std::vector<int> counts(bound, 0);
    for (int i = 0; i < 30000; ++i) {
      const std::uint32_t k = stream.below(bound);
      REQUIRE(k < bound);
      ++counts[k];
    }
    CAPTURE(bound);
    if (bound > 1) CHECK(evenness(counts) < 4);
  }
}

TEST_CASE("a bound near the word's size brings no bias, in its thirds or in its remainders") {
  // 2^32 words onto 3 * 2^30 numbers: without rejection a third of the numbers, or every third, would come twice.
  Stream stream(2, Purpose::test, 0);
  std::vector<int> thirds(3, 0);
  std::vector<int> remainders(3, 0);
  for (int i = 0; i < 30000; ++i) {
    const std::uint32_t k = stream.below(3U << 30);
    ++thirds[k >> 30];
    ++remainders[k % 3];
  }
  CHECK(evenness(thirds) < 4);
  CHECK(evenness(remainders) < 4);
}

TEST_CASE("the unit interval is open at both ends") {
  CHECK(Stream::open_unit(0) > 0);
  CHECK(Stream::open_unit(0) == 0x1.0p-53);
  CHECK(Stream::open_unit(~0ULL) < 1);
  CHECK(Stream::open_unit(1ULL << 63) == Approx(0.5));
  CHECK(static_cast<float>(Stream::open_unit(0)) > 0);
}

TEST_CASE("unit and normal draws have the moments of their distributions, within four standard errors") {
  constexpr int count = 40000;
  Stream stream(3, Purpose::test, 0);
  double unit = 0;
  double unit_square = 0;
  for (int i = 0; i < count; ++i) {
    const double u = stream.unit();
    unit += u;
    unit_square += u * u;
  }
  CHECK(std::abs(unit / count - 0.5) < 4 * std::sqrt(1.0 / 12 / count));
  CHECK(std::abs(unit_square / count - 1.0 / 3) < 4 * std::sqrt(4.0 / 45 / count));
  double sum = 0;
  double square = 0;
  double fourth = 0;
  for (int i = 0; i < count; ++i) {
    const double z = stream.normal();
    sum += z;
    square += z * z;
    fourth += z * z * z * z;
  }
  CHECK(std::abs(sum / count) < 4 * std::sqrt(1.0 / count));
  CHECK(std::abs(square / count - 1) < 4 * std::sqrt(2.0 / count));
  CHECK(std::abs(fourth / count - 3) < 4 * std::sqrt(96.0 / count));
}

TEST_CASE("a low-discrepancy sequence covers the unit interval evenly in every window") {
  for (const std::uint32_t lane : {0U, 1U, 2U, 3U}) {
    double worst = 0;
    for (const std::uint64_t first : {0ULL, 1000ULL, 1ULL << 40}) {
      for (const int window : {16, 64, 256, 1024}) {
        std::vector<int> counts(8, 0);
        for (int i = 0; i < window; ++i) {
          ++counts[static_cast<std::size_t>(ordo::spread_bits(4, first + static_cast<std::uint64_t>(i), lane) >> 61)];
        }
        for (const int c : counts) worst = std::max(worst, std::abs(c - window / 8.0));
      }
    }
    CAPTURE(lane, worst);
    CHECK(worst <= 4);  // independent draws: a standard deviation of 10 in the largest window
  }
}

TEST_CASE("low-discrepancy sequences of two lanes are uniform on the square together") {
  // One phase-shifted copy of the other would fill a line only: a mixture that picks its part by the first level
  // would then meet half of the second.
  for (std::uint32_t a = 0; a < 12; ++a) {
    for (std::uint32_t b = a + 1; b < 12; ++b) {
      std::vector<int> counts(64, 0);
      for (std::uint64_t n = 0; n < 6400; ++n) {
        ++counts[static_cast<std::size_t>(((ordo::spread_bits(6, n, a) >> 61) << 3) |
                                          (ordo::spread_bits(6, n, b) >> 61))];
      }
      CAPTURE(a, b);
      CHECK(evenness(counts) < 4);
    }
  }
}

TEST_CASE("averages over two lanes vary no more than independent ones, for few samples too") {
  // The mean over N samples of the product of two signs: 1/N in mean square where draws are independent.
  const auto sign = [](std::uint64_t bits) { return (bits >> 63) != 0 ? 1 : -1; };
  for (std::uint32_t a = 0; a < 6; ++a) {
    for (std::uint32_t b = a + 1; b < 6; ++b) {
      for (const std::uint64_t samples : {16U, 32U, 64U}) {
        constexpr int seeds = 1000;
        double square = 0;
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
          double sum = 0;
          for (std::uint64_t n = 0; n < samples; ++n) {
            sum += sign(ordo::spread_bits(seed, n, a)) * sign(ordo::spread_bits(seed, n, b));
          }
          square += sum * sum / static_cast<double>(samples * samples) / seeds;
        }
        CAPTURE(a, b, samples);
        CHECK(square * static_cast<double>(samples) < 1.35);  // a standard deviation is 0.05; lanes may be dependent
      }
    }
  }
}

TEST_CASE("the phase of a low-discrepancy sequence is its seed's") {
  CHECK(ordo::spread_bits(1, 0) != ordo::spread_bits(2, 0));
  CHECK(ordo::spread_bits(1, 5) - ordo::spread_bits(1, 4) == ordo::spread_bits(2, 5) - ordo::spread_bits(2, 4));
}
