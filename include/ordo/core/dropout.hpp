#pragma once
// Which activations dropout keeps: a pure function of the sample and the place, never of the batch or thread.

#include <array>
#include <cstdint>

#include <ordo/core/host_device.hpp>
#include <ordo/core/rng.hpp>

namespace ordo {

/// Where in a layer dropout is applied.
enum class DropoutSite : std::uint32_t { attention = 0, attention_branch = 1, feed_forward_branch = 2 };

/// Dropout at one site of one layer (Srivastava et al. 2014). The rate is rounded to a multiple of 2^-16, below 1.
struct Dropout {
  std::uint64_t seed = 0;
  std::uint32_t threshold = 0;  ///< rate * 65536; 0 is off
  std::uint32_t layer = 0;
  DropoutSite site = DropoutSite::attention;

  ORDO_HD static constexpr Dropout off() { return {}; }
  ORDO_HD static constexpr Dropout at(double rate, std::uint64_t seed, int layer, DropoutSite site) {
    const auto rounded = static_cast<std::uint32_t>(rate * 65536.0 + 0.5);
    return {seed, rounded < 65536U ? rounded : 65535U, static_cast<std::uint32_t>(layer), site};
  }
  [[nodiscard]] ORDO_HD constexpr bool active() const { return threshold != 0; }
  /// What a kept number is multiplied by, so that the expectation stays.
  [[nodiscard]] ORDO_HD constexpr float scale() const { return 65536.0F / static_cast<float>(65536U - threshold); }

  /// The eight 16-bit draws for columns 8 * block .. 8 * block + 7 of `row`, two to a word, the lower half first.
  /// Attention: row = query slot, column = key slot. Branches: row = slot, column = channel, head = 0.
  [[nodiscard]] ORDO_HD std::array<std::uint32_t, 4> words(std::uint64_t sample, std::uint32_t head, std::uint32_t row,
                                                           std::uint32_t block) const {
    return philox({block, row, static_cast<std::uint32_t>(sample), place(sample, head)}, key());
  }
  /// Whether the number at (row, column) is kept.
  [[nodiscard]] ORDO_HD bool keeps(std::uint64_t sample, std::uint32_t head, std::uint32_t row,
                                   std::uint32_t column) const {
    const std::uint32_t word = words(sample, head, row, column / 8)[(column % 8) / 2];
    return ((column % 2 == 0 ? word : word >> 16) & 0xffffU) >= threshold;
  }
  /// The fourth word of the counter: 8 bits of the sample, 10 of the layer, 2 of the site, 12 of the head.
  [[nodiscard]] ORDO_HD constexpr std::uint32_t place(std::uint64_t sample, std::uint32_t head) const {
    return (static_cast<std::uint32_t>(sample >> 32) << 24) | ((layer & 0x3ffU) << 14) |
           (static_cast<std::uint32_t>(site) << 12) | (head & 0xfffU);
  }
  /// Dropout has a key of its own: its counters never meet those of a Stream.
  [[nodiscard]] ORDO_HD constexpr std::uint64_t key() const { return seed ^ 0xD509D509D509D509ULL; }
};

}  // namespace ordo
