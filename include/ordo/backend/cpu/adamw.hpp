#pragma once
// AdamW (Loshchilov and Hutter 2017, "Decoupled Weight Decay Regularization", arXiv:1711.05101). The decay is
// multiplied by the learning rate, as in PyTorch, and not only by its schedule as in the paper.

#include <cmath>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/vector.hpp>
#include <ordo/core/adamw.hpp>

namespace ordo {

namespace cpu {

/// AdamWStep in fp32, with what is the same for all parameters worked out.
struct AdamWNumbers {
  float clip, beta1, beta2, new1, new2, rate, unbias, epsilon, shrink;
};

inline void adamw_range(float* __restrict p, const float* __restrict gradient, float* __restrict m, float* __restrict v,
                        std::int64_t count, const AdamWNumbers n) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = n.clip * gradient[i];
    m[i] = n.beta1 * m[i] + n.new1 * g;
    v[i] = n.beta2 * v[i] + n.new2 * g * g;
    p[i] -= n.rate * m[i] / (std::sqrt(v[i] * n.unbias) + n.epsilon) + n.shrink * p[i];
  }
}

}  // namespace cpu

/// One step on p, with the running means m of the gradient and v of its square. All of one size, where the last range
/// ends. `decays`, `step` and `sums` lie in the backend's memory.
inline void adamw(const Cpu& cpu, std::span<float> p, std::span<const float> gradient, std::span<float> m,
                  std::span<float> v, std::span<const DecayRange> decays, const AdamWStep* numbers_of_step,
                  const StepSums* sums) {
  check_decays(decays, p.size());
  if (!sums->finite()) return;
  const AdamWStep& step = *numbers_of_step;
  cpu::AdamWNumbers numbers{static_cast<float>(step.gradient_scale(*sums)),
                            static_cast<float>(step.beta1),
                            static_cast<float>(step.beta2),
                            static_cast<float>(1 - step.beta1),
                            static_cast<float>(1 - step.beta2),
                            static_cast<float>(step.rate / step.correction1),
                            static_cast<float>(1 / step.correction2),
                            static_cast<float>(step.epsilon),
                            0};
  std::int64_t begin = 0;
  for (const DecayRange& range : decays) {
    numbers.shrink = static_cast<float>(step.rate * range.decay);
    cpu::for_ranges(cpu, range.end - begin, cpu::vector_grain / 4, cpu::vector_block,
                    [&, values = p.data() + begin, g = gradient.data() + begin, means = m.data() + begin,
                     spreads = v.data() + begin](std::int64_t first, std::int64_t last) {
                      cpu::adamw_range(values + first, g + first, means + first, spreads + first, last - first,
                                       numbers);
                    });
    begin = range.end;
  }
}

}  // namespace ordo
