#pragma once
// RMSNorm (Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/simd.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

/// y = gain * x * inverse_rms, inverse_rms = 1 / sqrt(mean(x^2) + epsilon), row by row.
/// x, y (S, C), gain (C), inverse_rms (S).
inline void rms_norm(const Cpu& cpu, Matrix<const float> x, std::span<const float> gain, double epsilon,
                     Matrix<float> y, std::span<float> inverse_rms) {
  cpu::for_rows(cpu, x.rows, x.cols, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s) {
      const float* from = x.row(s);
      const float mean = cpu::dot(from, from, x.cols) / static_cast<float>(x.cols);
      const float inverse = 1 / std::sqrt(mean + static_cast<float>(epsilon));
      inverse_rms[static_cast<std::size_t>(s)] = inverse;
      float* to = y.row(s);
      for (std::int64_t c = 0; c < x.cols; ++c) to[c] = gain[static_cast<std::size_t>(c)] * (from[c] * inverse);
    }
  });
}

/// With n = x * inverse_rms and g = gain * dy: dgain += sum_s dy * n, dx += inverse_rms * (g - n * mean(g * n)).
/// x, dy, dx (S, C), gain, dgain (C), inverse_rms (S). Sums for dgain are taken over blocks of rows, then over the
/// blocks in order, so they do not depend on the threads.
inline void rms_norm_gradient(const Cpu& cpu, Matrix<const float> x, std::span<const float> gain,
                              std::span<const float> inverse_rms, Matrix<const float> dy, Matrix<float> dx,
                              std::span<float> dgain) {
  constexpr std::int64_t block = 64;  // rows
  const std::int64_t blocks = (x.rows + block - 1) / block;
  const std::int64_t cols = x.cols;
  struct Partial;
  float* partial = cpu::scratch<Partial>(blocks * cols);  // (blocks, C)
  cpu::for_ranges(cpu, blocks, 8192 / (block * cols) + 1, 1, [&](std::int64_t first, std::int64_t last) {
    std::fill(partial + first * cols, partial + last * cols, 0.0F);
    for (std::int64_t s = first * block; s < std::min(last * block, x.rows); ++s) {
      const float inverse = inverse_rms[static_cast<std::size_t>(s)];
      const float* from = x.row(s);
      const float* in = dy.row(s);
      float* out = dx.row(s);
      float* gains = partial + s / block * cols;
      cpu::Lanes total{};
      cpu::for_lanes(cols, [&](std::int64_t c, auto get, auto set) {
        const cpu::Lanes product = get(in + c) * (get(from + c) * inverse);
        total += get(gain.data() + c) * product;
        set(gains + c, get(gains + c) + product);
      });
      const float along = cpu::sum(total) / static_cast<float>(cols);
      for (std::int64_t c = 0; c < cols; ++c) {
        out[c] += inverse * (gain[static_cast<std::size_t>(c)] * in[c] - from[c] * inverse * along);
      }
    }
  });
  for (std::int64_t b = 0; b < blocks; ++b) {
    for (std::int64_t c = 0; c < cols; ++c) dgain[static_cast<std::size_t>(c)] += partial[b * cols + c];
  }
}

}  // namespace ordo
