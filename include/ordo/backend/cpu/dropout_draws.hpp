#pragma once
// The bits of core/dropout.hpp, many counters at a time: Philox4x32-10 (Salmon et al. 2011) with one counter in each
// lane of a register. The same bits as Dropout::words, so the CPU drops what every other backend drops.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <ordo/backend/cpu/simd.hpp>
#include <ordo/core/dropout.hpp>

namespace ordo::cpu {

static_assert(std::endian::native == std::endian::little, "[ordo] draws are stored two to a word, lower half first");

/// Each lane holds a 32-bit word in its lower half; what is in the upper half does not matter.
using Words [[gnu::vector_size(lanes * sizeof(float))]] = std::uint64_t;
inline constexpr int words_lanes = lanes / 2;

/// The whole 64-bit product of the lower half of each lane and m.
[[nodiscard, gnu::always_inline]] inline Words multiply(Words x, std::uint32_t m) {
#if defined(__AVX512F__)
  return std::bit_cast<Words>(_mm512_maskz_mul_epu32(0xff, std::bit_cast<__m512i>(x), _mm512_set1_epi64(m)));
#elif defined(__AVX2__)
  return std::bit_cast<Words>(_mm256_mul_epu32(std::bit_cast<__m256i>(x), _mm256_set1_epi64x(m)));
#elif defined(__SSE2__) && !defined(__AVX__)
  return std::bit_cast<Words>(_mm_mul_epu32(std::bit_cast<__m128i>(x), _mm_set1_epi64x(m)));
#else
  return (x & 0xffffffffULL) * m;
#endif
}

/// As many counters as keep the multipliers busy: independent chains hide the latency of a multiplication.
inline constexpr int draw_vectors = 4;
inline constexpr std::uint32_t draw_group = draw_vectors * words_lanes;

/// Counters of a group: word w of counter i is word[w][i].
struct DrawCounters {
  alignas(64) std::uint64_t word[4][draw_group];
};

/// The eight 16-bit draws of each of the first `count` counters, one counter after the other.
inline void draw_some(const DrawCounters& counters, std::uint64_t key, std::uint32_t count, std::uint16_t* out) {
  Words c[4][draw_vectors];
#pragma GCC unroll 4
  for (int w = 0; w < 4; ++w) {
#pragma GCC unroll 4
    for (int v = 0; v < draw_vectors; ++v) std::memcpy(&c[w][v], counters.word[w] + v * words_lanes, sizeof(Words));
  }
  auto key0 = static_cast<std::uint32_t>(key);
  auto key1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
    for (int v = 0; v < draw_vectors; ++v) {
      const Words low = multiply(c[0][v], 0xD2511F53U);
      const Words high = multiply(c[2][v], 0xCD9E8D57U);
      c[0][v] = (high >> 32) ^ c[1][v] ^ key0;
      c[1][v] = high;
      c[2][v] = (low >> 32) ^ c[3][v] ^ key1;
      c[3][v] = low;
    }
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  alignas(64) std::uint64_t halves[2][draw_group];  // words 0 and 1, words 2 and 3
#pragma GCC unroll 4
  for (int v = 0; v < draw_vectors; ++v) {
    const Words front = (c[0][v] & 0xffffffffULL) | (c[1][v] << 32);
    const Words back = (c[2][v] & 0xffffffffULL) | (c[3][v] << 32);
    std::memcpy(halves[0] + v * words_lanes, &front, sizeof(Words));
    std::memcpy(halves[1] + v * words_lanes, &back, sizeof(Words));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    std::memcpy(out + 8 * i, &halves[0][i], sizeof(std::uint64_t));
    std::memcpy(out + 8 * i + 4, &halves[1][i], sizeof(std::uint64_t));
  }
}

/// The 16-bit draws for columns 8 * first_block .. 8 * (first_block + blocks) - 1 of these rows, row by row, to `out`
/// (rows.size() * blocks * 8). Column c of a row is kept where its draw is at least dropout.threshold. Row r belongs
/// to samples[r], or all rows to the one sample.
inline void dropout_draws(const Dropout& dropout, std::span<const std::uint64_t> samples, std::uint32_t head,
                          std::span<const std::int32_t> rows, std::uint32_t first_block, std::uint32_t blocks,
                          std::uint16_t* out) {
  DrawCounters counters;
  std::uint32_t filled = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::uint64_t sample = samples.size() == 1 ? samples[0] : samples[r];
    const auto row = static_cast<std::uint32_t>(rows[r]);
    const std::uint32_t place = dropout.place(sample, head);
    for (std::uint32_t block = 0; block < blocks;) {
      const std::uint32_t end = blocks - block < draw_group - filled ? blocks : block + draw_group - filled;
      for (; block < end; ++block, ++filled) {
        counters.word[0][filled] = first_block + block;
        counters.word[1][filled] = row;
        counters.word[2][filled] = static_cast<std::uint32_t>(sample);
        counters.word[3][filled] = place;
      }
      if (filled < draw_group) break;
      draw_some(counters, dropout.key(), filled, out);
      out += 8 * filled;
      filled = 0;
    }
  }
  if (filled == 0) return;
  for (auto& word : counters.word) std::fill(word + filled, word + draw_group, 0);  // never read uninitialised
  draw_some(counters, dropout.key(), filled, out);
}

/// to[i] = the number at i if its draw keeps it, times scale; else 0. `to` may be `from`.
inline void drop(const std::uint16_t* draws, std::uint32_t threshold, float scale, const float* from, float* to,
                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = draws[i] >= threshold ? from[i] * scale : 0.0F;
}

}  // namespace ordo::cpu
