#pragma once
// The bits of core/dropout.hpp, many counters at a time: Philox4x32-10 (Salmon et al. 2011) with one counter in each
// lane of a register. The same bits as Dropout::words, so the CPU drops what every other backend drops.

#include <bit>
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

/// The 16-bit draws for columns 8 * first_block .. 8 * (first_block + blocks) - 1 of these rows, row by row, to `out`
/// (rows.size() * blocks * 8). Column c of a row is kept where its draw is at least dropout.threshold.
inline void dropout_draws(const Dropout& dropout, std::uint64_t sample, std::uint32_t head,
                          std::span<const std::int32_t> rows, std::uint32_t first_block, std::uint32_t blocks,
                          std::uint16_t* out) {
  constexpr int vectors = 4;  // as many independent chains as hide the latency of a multiplication
  constexpr std::uint32_t group = vectors * words_lanes;
  const std::uint32_t sample_word = static_cast<std::uint32_t>(sample);
  const std::uint32_t place = dropout.place(sample, head);
  const auto count = static_cast<std::uint32_t>(rows.size()) * blocks;
  std::uint32_t row = 0;
  std::uint32_t block = 0;
  for (std::uint32_t done = 0; done < count; done += group) {
    alignas(64) std::uint64_t first[group];
    alignas(64) std::uint64_t second[group];
    for (std::uint32_t i = 0; i < group; ++i) {
      first[i] = first_block + block;
      second[i] = static_cast<std::uint32_t>(rows[row]);
      if (++block == blocks) {
        block = 0;
        if (row + 1 < rows.size()) ++row;
      }
    }
    Words c0[vectors];
    Words c1[vectors];
    Words c2[vectors];
    Words c3[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      std::memcpy(&c0[v], first + v * words_lanes, sizeof(Words));
      std::memcpy(&c1[v], second + v * words_lanes, sizeof(Words));
      c2[v] = Words{} + sample_word;
      c3[v] = Words{} + place;
    }
    auto key0 = static_cast<std::uint32_t>(dropout.key());
    auto key1 = static_cast<std::uint32_t>(dropout.key() >> 32);
    for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        const Words low = multiply(c0[v], 0xD2511F53U);
        const Words high = multiply(c2[v], 0xCD9E8D57U);
        c0[v] = (high >> 32) ^ c1[v] ^ key0;
        c1[v] = high;
        c2[v] = (low >> 32) ^ c3[v] ^ key1;
        c3[v] = low;
      }
      key0 += 0x9E3779B9U;
      key1 += 0xBB67AE85U;
    }
    alignas(64) std::uint64_t front[group];  // words 0 and 1
    alignas(64) std::uint64_t back[group];   // words 2 and 3
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const Words w01 = (c0[v] & 0xffffffffULL) | (c1[v] << 32);
      const Words w23 = (c2[v] & 0xffffffffULL) | (c3[v] << 32);
      std::memcpy(front + v * words_lanes, &w01, sizeof(Words));
      std::memcpy(back + v * words_lanes, &w23, sizeof(Words));
    }
    const std::uint32_t wanted = count - done < group ? count - done : group;
    for (std::uint32_t i = 0; i < wanted; ++i) {
      std::memcpy(out + 8 * (done + i), &front[i], sizeof(std::uint64_t));
      std::memcpy(out + 8 * (done + i) + 4, &back[i], sizeof(std::uint64_t));
    }
  }
}

/// to[i] = the number at i if its draw keeps it, times scale; else 0. `to` may be `from`.
inline void drop(const std::uint16_t* draws, std::uint32_t threshold, float scale, const float* from, float* to,
                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = draws[i] >= threshold ? from[i] * scale : 0.0F;
}

}  // namespace ordo::cpu
