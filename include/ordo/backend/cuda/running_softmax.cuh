#pragma once
// A softmax whose scores come a tile at a time (Milakov and Gimelshein 2018, arXiv:1805.02867), on what a lane holds of
// c: two rows, shared with three other lanes.

#include <cmath>
#include <cstdint>
#include <limits>

#include <ordo/backend/cuda/device.cuh>

namespace ordo::cuda::matrix {

inline constexpr float log2_e = 1.4426950408889634F;
inline constexpr float ln_2 = 0.6931471805599453F;
inline constexpr float nothing = -std::numeric_limits<float>::infinity();

/// 2^x by the unit that has it, to about 2^-22; 0 for `nothing`.
ORDO_DEVICE float power_of_two(float x) {
#if defined(ORDO_EMULATE_CUDA)
  return std::exp2(x);
#else
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#endif
}

/// A logarithm of a sum of exponentials in powers of two; 0 for that of nothing, so that 2^(nothing - it) is 0.
ORDO_DEVICE float in_log2(float lse) { return lse == nothing ? 0.0F : lse * log2_e; }

/// Over the four lanes that share a row of c.
ORDO_DEVICE float row_max(float x) {
  for (const int mask : {1, 2}) x = std::fmax(x, across(x, mask));
  return x;
}
ORDO_DEVICE float row_sum(float x) {
  for (const int mask : {1, 2}) x += across(x, mask);
  return x;
}

/// Sets to `nothing` what is not seen of eight groups of columns from `first` on: number i of group n is bit 4 n + i.
template <int N>
ORDO_DEVICE void hide(float (&score)[N][4], int first, std::uint32_t seen) {
  ORDO_UNROLL
  for (int n = 0; n < 8; ++n) {
    ORDO_UNROLL
    for (int i = 0; i < 4; ++i) {
      if (((seen >> (4 * n + i)) & 1U) == 0) score[first + n][i] = nothing;
    }
  }
}

class RunningSoftmax {
 public:
  /// Scores are `scale` times these.
  ORDO_DEVICE explicit RunningSoftmax(float scale) : to_log2_(scale * log2_e) {}

  /// Turns scores into exp(score - the largest so far). What was made of tiles before is to be multiplied by `shrink`.
  template <int N>
  ORDO_DEVICE void take(float (&score)[N][4], float (&shrink)[2]) {
    float top[2] = {nothing, nothing};
    ORDO_UNROLL
    for (int n = 0; n < N; ++n) {
      ORDO_UNROLL
      for (int i = 0; i < 4; ++i) top[i / 2] = std::fmax(top[i / 2], score[n][i]);
    }
    float base[2];  // 0 where nothing has been seen yet: the difference of two infinities is no number
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) {
      const float larger = std::fmax(row_max(top[r]) * to_log2_, best_[r]);
      shrink[r] = larger == nothing ? 1.0F : power_of_two(best_[r] - larger);
      best_[r] = larger;
      base[r] = larger == nothing ? 0.0F : larger;
      sum_[r] *= shrink[r];
    }
    ORDO_UNROLL
    for (int n = 0; n < N; ++n) {
      ORDO_UNROLL
      for (int i = 0; i < 4; ++i) {
        score[n][i] = power_of_two(score[n][i] * to_log2_ - base[i / 2]);
        sum_[i / 2] += score[n][i];
      }
    }
  }
  /// After the last tile: the sum of row r's exponentials turned over (0 where nothing was seen), and lse, the
  /// logarithm of the sum of exp(score) in nats (of 0 where nothing was seen). All four lanes of the row must ask.
  ORDO_DEVICE void finish(int r, float& inverse, float& lse) const {
    const float all = row_sum(sum_[r]);
    inverse = all > 0 ? 1.0F / all : 0.0F;
    lse = (best_[r] + std::log2(all)) * ln_2;
  }

 private:
  float to_log2_;
  float best_[2] = {nothing, nothing};  // in powers of two
  float sum_[2] = {0, 0};               // of this lane
};

}  // namespace ordo::cuda::matrix
