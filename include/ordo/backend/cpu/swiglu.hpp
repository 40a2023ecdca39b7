#pragma once
// SwiGLU (Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202), between its linear layers.

#include <cstdint>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/linear.hpp>
#include <ordo/backend/cpu/simd.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

namespace cpu {

/// 1 / (1 + exp(-x)).
[[nodiscard, gnu::always_inline]] inline Lanes sigmoid(Lanes x) { return 1.0F / (1.0F + exp(-x)); }

}  // namespace cpu

/// h = silu(gate) * up, silu(x) = x * sigmoid(x). gate_up (S, 2 F): F gates, then F ups; h (S, F).
inline void swiglu(const Cpu& cpu, Matrix<const float> gate_up, Matrix<float> h) {
  cpu::for_rows(cpu, h.rows, 4 * h.cols, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s) {
      const float* gate = gate_up.row(s);
      const float* up = gate + h.cols;
      float* out = h.row(s);
      cpu::for_lanes(h.cols, [&](std::int64_t f, auto get, auto set) {
        const cpu::Lanes g = get(gate + f);
        set(out + f, g * cpu::sigmoid(g) * get(up + f));
      });
    }
  });
}

/// gate_up = x w^T, and h = swiglu(gate_up). x (S, C), w (2 F, C), gate_up (S, 2 F), h (S, F).
inline void linear_swiglu(const Cpu& cpu, Matrix<const float> x, Matrix<const float> w, Matrix<float> gate_up,
                          Matrix<float> h) {
  linear(cpu, x, w, gate_up);
  swiglu(cpu, gate_up, h);
}

/// dup = dh * silu(gate), dgate = dh * up * silu'(gate), silu'(x) = sigmoid(x) * (1 + x * (1 - sigmoid(x))).
/// gate_up, dgate_up (S, 2 F), dh (S, F).
inline void swiglu_gradient(const Cpu& cpu, Matrix<const float> gate_up, Matrix<const float> dh,
                            Matrix<float> dgate_up) {
  cpu::for_rows(cpu, dh.rows, 6 * dh.cols, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s) {
      const float* gate = gate_up.row(s);
      const float* up = gate + dh.cols;
      const float* in = dh.row(s);
      float* dgate = dgate_up.row(s);
      float* dup = dgate + dh.cols;
      cpu::for_lanes(dh.cols, [&](std::int64_t f, auto get, auto set) {
        const cpu::Lanes g = get(gate + f);
        const cpu::Lanes d = get(in + f);
        const cpu::Lanes open = cpu::sigmoid(g);
        const cpu::Lanes u = get(up + f);
        set(dgate + f, d * u * (open * (1.0F + g * (1.0F - open))));
        set(dup + f, d * (g * open));
      });
    }
  });
}

}  // namespace ordo
