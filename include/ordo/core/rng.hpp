#pragma once
// Counter-based random numbers: every draw is a pure function of (seed, purpose, n), so that neither threads,
// batch splits nor a restart can change it. Philox4x32-10 of Salmon et al. 2011, "Parallel random numbers:
// as easy as 1, 2, 3", through the Random123 library; the same source runs on the CPU and on the device.

#include <array>
#include <cmath>
#include <cstdint>

#include <Random123/philox.h>

#include <ordo/core/host_device.hpp>

namespace ordo {

/// Changes whenever the same (seed, purpose, n) would give another draw; checkpoints carry it.
inline constexpr int draw_stream_version = 2;

/// What a stream of draws is for; streams with different purposes are independent.
enum class Purpose : std::uint32_t {
  initialisation = 1,  ///< n = index of the parameter
  plan = 2,            ///< n = samples seen in training
  shuffle = 3,         ///< n = epoch
  order_table = 4,     ///< n = index of the order
  scoring = 5,         ///< n = window * draws + draw
  sampling = 6,        ///< n = index of the sequence
  subset = 7,          ///< n = 0
  spread = 8,          ///< phase of a low-discrepancy sequence; n = 0
  test = 9,
  fit_start = 10,  ///< start of a fit; n = index of the start
  resample = 11,   ///< bootstrap; n = index of the resample
  made_task = 12,  ///< multiple-choice tasks out of a text; n = 0
};

/// Four 32-bit random words for a 128-bit counter and a 64-bit key.
[[nodiscard]] ORDO_HD inline std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                                                 std::uint64_t key) {
  r123::Philox4x32 generator;
  r123::Philox4x32::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
  r123::Philox4x32::key_type k = {{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}};
  const r123::Philox4x32::ctr_type r = generator(c, k);
  return {r[0], r[1], r[2], r[3]};
}

/// The stream of draws for (seed, purpose, n). Cheap to make; each has 2^34 words. `lane` tells apart
/// independent streams of one purpose and n.
class Stream {
 public:
  ORDO_HD Stream(std::uint64_t seed, Purpose purpose, std::uint64_t n, std::uint32_t lane = 0)
      : seed_(seed),
        counter_{0, static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n >> 32),
                 (static_cast<std::uint32_t>(purpose) << 24) | (lane & 0xffffffU)} {}

  [[nodiscard]] ORDO_HD std::uint32_t next() {
    if (used_ == 4) {
      words_ = philox(counter_, seed_);
      ++counter_[0];
      used_ = 0;
    }
    return words_[used_++];
  }
  [[nodiscard]] ORDO_HD std::uint64_t next64() {
    const std::uint64_t low = next();
    return low | (static_cast<std::uint64_t>(next()) << 32);
  }
  /// Uniform on 0 .. bound - 1, without bias (Lemire 2019, "Fast random integer generation in an interval").
  [[nodiscard]] ORDO_HD std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = static_cast<std::uint64_t>(next()) * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0U - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold) product = static_cast<std::uint64_t>(next()) * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }
  /// Uniform on the open interval (0, 1): never 0, never 1.
  [[nodiscard]] ORDO_HD double unit() { return open_unit(next64()); }
  /// Standard normal (Box and Muller 1958); host only where bits must agree between machines.
  [[nodiscard]] double normal() {
    const double radius = std::sqrt(-2.0 * std::log(unit()));
    return radius * std::cos(6.283185307179586476925 * unit());
  }

  /// 64 random bits as a number in (0, 1): the middle of one of 2^52 equal cells.
  [[nodiscard]] ORDO_HD static double open_unit(std::uint64_t bits) {
    return (static_cast<double>(bits >> 12) + 0.5) * 0x1.0p-52;
  }

  /// True where both go on with the same draws.
  friend bool operator==(const Stream&, const Stream&) = default;

 private:
  std::uint64_t seed_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> words_{};
  unsigned used_ = 4;
};

/// The n-th of a low-discrepancy sequence on 2^64 equal cells: a random phase and steps of 1 / golden ratio.
/// Any consecutive n cover the unit interval evenly. A function of n alone, so batches do not matter. Lanes 1 to 3
/// step by the fraction of sqrt(3) and by 1 / r and 1 / r^3 with r^4 = r + 1: with one step for all, a sample's first
/// level would tell its second, and where two steps or their sum are near an integer or a half, averages of few samples
/// over both would vary more than independent ones. Later lanes are uniform and independent, but not spread.
[[nodiscard]] ORDO_HD inline std::uint64_t spread_bits(std::uint64_t seed, std::uint64_t n, std::uint32_t lane = 0) {
  const std::uint64_t steps[] = {0x9E3779B97F4A7C15ULL, 0xBB67AE8584CAA73BULL, 0xD1B54A32D192ED03ULL,
                                 0x8CB92BA72F3D8DD7ULL};
  if (lane >= sizeof(steps) / sizeof(steps[0])) return Stream(seed, Purpose::spread, n, lane).next64();
  return Stream(seed, Purpose::spread, 0, lane).next64() + n * steps[lane];
}

}  // namespace ordo
