#pragma once
// bfloat16: the upper half of a float. Numbers travel in it between kernels; sums are made in float.

#include <bit>
#include <cstdint>

#include <ordo/core/host_device.hpp>

namespace ordo {

/// Storage only: convert to float to compute. Conversion rounds to the nearest, ties to even; NaN stays NaN.
struct bf16 {
  std::uint16_t bits = 0;

  bf16() = default;
  ORDO_HD constexpr bf16(float x) : bits(rounded(x)) {}  // NOLINT: a float is stored wherever a bf16 is
  ORDO_HD constexpr operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

  /// As it lies in memory.
  [[nodiscard]] ORDO_HD static constexpr bf16 of_bits(std::uint16_t bits) {
    bf16 x;
    x.bits = bits;
    return x;
  }

 private:
  [[nodiscard]] ORDO_HD static constexpr std::uint16_t rounded(float x) {
    const auto whole = std::bit_cast<std::uint32_t>(x);
    if ((whole & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((whole >> 16) | 0x40U);  // NaN, quiet
    return static_cast<std::uint16_t>((whole + 0x7fffU + ((whole >> 16) & 1U)) >> 16);
  }
};
static_assert(sizeof(bf16) == 2);

/// Two of them in a word, the first in the lower half: how matrix units take them.
[[nodiscard]] ORDO_HD constexpr std::uint32_t packed(bf16 first, bf16 second) {
  return static_cast<std::uint32_t>(first.bits) | (static_cast<std::uint32_t>(second.bits) << 16);
}
/// The same of two floats, by one instruction where there is one.
[[nodiscard]] ORDO_HD inline std::uint32_t rounded_pair(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  std::uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));  // the first source is the upper half
  return both;
#else
  return packed(bf16(first), bf16(second));
#endif
}

}  // namespace ordo
