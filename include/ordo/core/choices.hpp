#pragma once
// The choices that a factorization makes when it lays out a plan, drawn from a stream.

#include <cstdint>

#include <ordo/core/host_device.hpp>
#include <ordo/core/rng.hpp>

namespace ordo {

/// How a policy's main level (how much to hide, which part to take) is drawn from sample to sample.
enum class Levels : std::uint8_t {
  independent,      ///< a fresh uniform draw for each sample
  low_discrepancy,  ///< evenly spread over consecutive samples; each sample alone is still uniform
};

/// Choices of sample `n` under `seed`; `purpose` separates training from scoring. Models concept Choices.
class RandomChoices {
 public:
  ORDO_HD RandomChoices(std::uint64_t seed, Purpose purpose, std::uint64_t n, double progress = 1.0)
      : stream_(seed, purpose, n),
        seed_(seed ^ (static_cast<std::uint64_t>(purpose) << 56)),
        n_(n),
        progress_(progress) {}

  /// Uniform on 0 .. bound - 1.
  [[nodiscard]] ORDO_HD std::uint32_t below(std::uint32_t bound) { return stream_.below(bound); }

  /// True with this probability.
  [[nodiscard]] ORDO_HD bool happens(double probability) { return stream_.unit() < probability; }

  /// Uniform on (0, 1).
  [[nodiscard]] ORDO_HD double level(Levels levels) {
    return Stream::open_unit(levels == Levels::independent ? stream_.next64() : spread_bits(seed_, n_, lane_++));
  }

  /// k in 0 .. bound - 1 with probability cumulative(k + 1) - cumulative(k); cumulative(0) = 0 and
  /// cumulative(bound) = 1, and it never falls.
  template <class Cumulative>
  [[nodiscard]] ORDO_HD std::uint32_t pick(std::uint32_t bound, Levels levels, const Cumulative& cumulative) {
    const double u = level(levels);
    std::uint32_t low = 0;
    std::uint32_t high = bound - 1;
    while (low < high) {  // the least k with u < cumulative(k + 1)
      const std::uint32_t middle = low + (high - low) / 2;
      if (u < cumulative(middle + 1)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /// Training progress in [0, 1], for curricula; scoring and sampling pass 1.
  [[nodiscard]] ORDO_HD double progress() const { return progress_; }

  /// True where both go on with the same draws: whoever was handed a copy has drawn nothing.
  friend bool operator==(const RandomChoices&, const RandomChoices&) = default;

 private:
  Stream stream_;
  std::uint64_t seed_;
  std::uint64_t n_;
  double progress_;
  std::uint32_t lane_ = 0;
};

}  // namespace ordo
