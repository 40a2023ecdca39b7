#pragma once
// Which probabilities dropout keeps, for attention on matrix units: eight keys share a draw, which the lanes that need
// it share.

#include <array>
#include <cstdint>

#include <ordo/backend/cuda/block.cuh>
#include <ordo/core/dropout.hpp>

namespace ordo::cuda::matrix {

/// Whether dropout keeps each of the keys 8 block .. 8 block + 7 of a query: bit i for the i-th.
ORDO_DEVICE std::uint32_t eight_kept(const Dropout& dropout, std::uint64_t sample, int head, std::int32_t slot,
                                     int block) {
  const std::array<std::uint32_t, 4> words = dropout.words(
      sample, static_cast<std::uint32_t>(head), static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(block));
  std::uint32_t bits = 0;
  ORDO_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint32_t draw = (words[i / 2] >> (16 * (i % 2))) & 0xffffU;
    bits |= (draw >= dropout.threshold ? 1U : 0U) << i;
  }
  return bits;
}

/// Which of a lane's 32 numbers of the c of eight groups of columns are kept: number i of group n is bit 4 n + i (see
/// seen_bits). Rows of c are queries, g and g + 8 having these slots, columns the 64 keys from `key` on. The four lanes
/// of a row draw for two groups each. All lanes of the warp must ask.
ORDO_DEVICE std::uint32_t kept_of_queries(const Dropout& dropout, std::uint64_t sample, int head,
                                          const std::int32_t (&slots)[2], int key) {
  const int t = lane() % 4;
  std::uint32_t drawn = 0;
  ORDO_UNROLL
  for (int j = 0; j < 4; ++j) {
    drawn |= eight_kept(dropout, sample, head, slots[j % 2], key / 8 + t + j / 2 * 4) << (8 * j);
  }
  std::uint32_t bits = 0;
  ORDO_UNROLL
  for (int n = 0; n < 8; ++n) {
    const std::uint32_t all = of_lane(drawn, lane() - t + n % 4);
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) bits |= ((all >> (8 * (n / 4 * 2 + r) + 2 * t)) & 3U) << (4 * n + 2 * r);
  }
  return bits;
}

/// Multiplies what is kept of eight groups of columns from `first` on by `scale`; the rest is 0.
template <int N>
ORDO_DEVICE void drop(float (&c)[N][4], int first, std::uint32_t kept, float scale) {
  ORDO_UNROLL
  for (int n = 0; n < 8; ++n) {
    ORDO_UNROLL
    for (int i = 0; i < 4; ++i) {
      c[first + n][i] = ((kept >> (4 * n + i)) & 1U) != 0 ? scale * c[first + n][i] : 0.0F;
    }
  }
}

/// What kept_of_queries says, where rows of c are the 16 keys from `key` on and columns 64 queries; slot(i) is that of
/// the i-th. The eight lanes of a column draw for one group each.
template <class Slot>
ORDO_DEVICE std::uint32_t kept_of_keys(const Dropout& dropout, std::uint64_t sample, int head, const Slot& slot,
                                       int key) {
  const int g = lane() / 4;
  const int t = lane() % 4;
  std::uint32_t drawn = 0;
  ORDO_UNROLL
  for (int j = 0; j < 4; ++j) {
    drawn |= eight_kept(dropout, sample, head, slot(8 * g + 2 * t + j % 2), key / 8 + j / 2) << (8 * j);
  }
  std::uint32_t bits = 0;
  ORDO_UNROLL
  for (int n = 0; n < 8; ++n) {
    const std::uint32_t all = of_lane(drawn, 4 * n + t);
    ORDO_UNROLL
    for (int j = 0; j < 4; ++j) bits |= ((all >> (8 * j + g)) & 1U) << (4 * n + j);
  }
  return bits;
}

}  // namespace ordo::cuda::matrix
