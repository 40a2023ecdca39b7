// bfloat16: rounding, extremes, packing.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

#include <ordo/core/bf16.hpp>
#include <ordo/core/rng.hpp>

using namespace ordo;

TEST_CASE("bf16 numbers survive the way through float") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const bf16 x = bf16::of_bits(static_cast<std::uint16_t>(bits));
    const float value = x;
    if (std::isnan(value)) {
      CHECK(std::isnan(static_cast<float>(bf16(value))));
    } else if (bf16(value).bits != bits) {
      FAIL("bits " << bits << " became " << bf16(value).bits);
    }
  }
}

TEST_CASE("bf16 rounds to the nearest, ties to even") {
  Stream draws(1, Purpose::test, 0);
  for (int i = 0; i < 20000; ++i) {
    const auto x = static_cast<float>(draws.normal() * std::exp2(static_cast<double>(draws.below(200)) - 100));
    const float near = bf16(x);
    const std::uint32_t low = std::bit_cast<std::uint32_t>(x) & 0xffff0000U;
    const auto below = std::bit_cast<float>(low);
    const auto above = std::bit_cast<float>(low + 0x10000U);
    const float off = std::abs(near - x);
    CHECK(off <= std::min(std::abs(below - x), std::abs(above - x)));
  }
  CHECK(bf16(1.0F + 0x1p-8F).bits == bf16(1.0F).bits);          // tie: down to the even one
  CHECK(bf16(1.0F + 3 * 0x1p-8F).bits == bf16(1.0F).bits + 2);  // tie: up to the even one
  CHECK(bf16(1.0F + 0x1.01p-8F).bits == bf16(1.0F).bits + 1);   // above the tie
}

TEST_CASE("bf16 keeps signs, infinities and NaN, and overflows to infinity") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  CHECK(static_cast<float>(bf16(infinity)) == infinity);
  CHECK(static_cast<float>(bf16(-infinity)) == -infinity);
  CHECK(std::signbit(static_cast<float>(bf16(-0.0F))));
  CHECK(std::isnan(static_cast<float>(bf16(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(std::isnan(static_cast<float>(bf16(std::bit_cast<float>(0x7f800001U)))));  // its payload is in the lower half
  CHECK(static_cast<float>(bf16(std::numeric_limits<float>::max())) == infinity);
}

TEST_CASE("two bf16 in a word lie as in memory") {
  const bf16 both[2] = {1.5F, -2.0F};
  CHECK(packed(both[0], both[1]) == std::bit_cast<std::uint32_t>(both));
}
