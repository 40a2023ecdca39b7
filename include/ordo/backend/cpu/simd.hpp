#pragma once
// A register full of floats, by the vector extensions of GCC and Clang: the same source for any instruction set.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace ordo::cpu {

#if defined(__AVX512F__)
inline constexpr int lanes = 16;
#elif defined(__AVX__)
inline constexpr int lanes = 8;
#else
inline constexpr int lanes = 4;  // SSE2, NEON
#endif

using Lanes [[gnu::vector_size(lanes * sizeof(float))]] = float;
using IntLanes [[gnu::vector_size(lanes * sizeof(float))]] = std::int32_t;

[[nodiscard, gnu::always_inline]] inline Lanes load(const float* from) {
  Lanes x;
  std::memcpy(&x, from, sizeof x);
  return x;
}
[[gnu::always_inline]] inline void store(float* to, Lanes x) { std::memcpy(to, &x, sizeof x); }

/// The first `count` lanes only; the others load as 0.
[[nodiscard, gnu::always_inline]] inline Lanes load_some(const float* from, std::int64_t count) {
  Lanes x{};
  std::memcpy(&x, from, static_cast<std::size_t>(count) * sizeof(float));
  return x;
}
[[gnu::always_inline]] inline void store_some(float* to, Lanes x, std::int64_t count) {
  std::memcpy(to, &x, static_cast<std::size_t>(count) * sizeof(float));
}

[[nodiscard, gnu::always_inline]] inline Lanes broadcast(float x) { return x - Lanes{}; }  // exact, for -0 too

/// Keeps x in a register, where the compiler would rather read memory again at each use.
[[gnu::always_inline]] inline void pin([[maybe_unused]] Lanes& x) {
#if defined(__AVX512F__)
  asm("" : "+v"(x));
#elif defined(__SSE2__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#endif
}

[[nodiscard, gnu::always_inline]] inline Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }

[[nodiscard, gnu::always_inline]] inline float sum(Lanes x) {
  float part[lanes];
  std::memcpy(part, &x, sizeof x);
  for (int half = lanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) part[i] += part[i + half];
  }
  return part[0];
}
[[nodiscard, gnu::always_inline]] inline float largest(Lanes x) {
  float part[lanes];
  std::memcpy(part, &x, sizeof x);
  for (int half = lanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) part[i] = part[i] > part[i + half] ? part[i] : part[i + half];
  }
  return part[0];
}

/// e^x to about 1e-7 relative: 0 below -87.3, e^88.37 above 88.37, NaN for NaN. x = n log 2 + r with n whole and
/// |r| <= log(2) / 2; e^r by the polynomial that interpolates (e^r - 1 - r) / r^2 at Chebyshev's points.
[[nodiscard, gnu::always_inline]] inline Lanes exp(Lanes x) {
  constexpr float low = -87.33654F;
  constexpr float high = 88.37F;
  constexpr float shift = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number, in the low bits
  Lanes y = x < low ? broadcast(low) : x;
  y = y > high ? broadcast(high) : y;
  const Lanes shifted = y * 1.44269504F + shift;
  const Lanes n = shifted - shift;
  const Lanes r = (y - n * 0.693359375F) + n * 2.12194440e-4F;  // log 2 in two parts
  Lanes p = r * 0.00139262131F + 0.00836320315F;
  p = p * r + 0.0416665561F;
  p = p * r + 0.166665763F;
  p = p * r + 0.5F;
  p = p * (r * r) + (r + 1.0F);
  const IntLanes power = (std::bit_cast<IntLanes>(shifted) << 23) + (127 << 23);  // the bits of 2^n
  p *= std::bit_cast<Lanes>(power);
  return x < low ? Lanes{} : p;
}

template <int Step, int... Lane>
[[gnu::always_inline]] inline void exchange(Lanes& a, Lanes& b, std::integer_sequence<int, Lane...>) {
  const Lanes top = __builtin_shufflevector(a, b, ((Lane & Step) != 0 ? lanes + Lane - Step : Lane)...);
  const Lanes bottom = __builtin_shufflevector(a, b, ((Lane & Step) != 0 ? lanes + Lane : Lane + Step)...);
  a = top;
  b = bottom;
}

/// Transposes a square of lanes x lanes numbers: halves off the diagonal change places, then halves of the quarters.
template <int Step = lanes / 2>
[[gnu::always_inline]] inline void transpose(Lanes (&x)[lanes]) {
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i) {
    if ((i & Step) == 0) exchange<Step>(x[i], x[i + Step], std::make_integer_sequence<int, lanes>{});
  }
  if constexpr (Step > 1) transpose<Step / 2>(x);
}

/// to[c * to_row + r] = scale * from[r * from_row + c] for r < rows, c < cols.
inline void copy_transposed(std::int64_t rows, std::int64_t cols, const float* from, std::int64_t from_row, float scale,
                            float* to, std::int64_t to_row) {
  for (std::int64_t r = 0; r < rows; r += lanes) {
    for (std::int64_t c = 0; c < cols; c += lanes) {
      const float* source = from + r * from_row + c;
      float* target = to + c * to_row + r;
      if (r + lanes > rows || c + lanes > cols) {
        for (std::int64_t i = 0; i < rows - r && i < lanes; ++i) {
          for (std::int64_t j = 0; j < cols - c && j < lanes; ++j) {
            target[j * to_row + i] = scale * source[i * from_row + j];
          }
        }
        continue;
      }
      Lanes x[lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) x[i] = load(source + i * from_row) * scale;
      transpose(x);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) store(target + i * to_row, x[i]);
    }
  }
}

/// Calls f(i, load, store) on pieces of 0 .. count - 1 of at most `lanes` numbers, where load(p) and store(p, x)
/// reach the numbers of the piece.
template <class F>
[[gnu::always_inline]] inline void for_lanes(std::int64_t count, const F& f) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    f(
        i, [](const float* p) { return load(p); }, [](float* p, Lanes x) { store(p, x); });
  }
  if (i == count) return;
  const std::int64_t rest = count - i;
  f(
      i, [rest](const float* p) { return load_some(p, rest); }, [rest](float* p, Lanes x) { store_some(p, x, rest); });
}

/// Sum of a[i] * b[i].
[[nodiscard]] inline float dot(const float* a, const float* b, std::int64_t count) {
  Lanes total{};
  Lanes other{};
  std::int64_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    total += load(a + i) * load(b + i);
    other += load(a + i + lanes) * load(b + i + lanes);
  }
  for_lanes(count - i, [&](std::int64_t j, auto get, auto) { other += get(a + i + j) * get(b + i + j); });
  return sum(total + other);
}

}  // namespace ordo::cpu
