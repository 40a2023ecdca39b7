#pragma once
// AdamW (Loshchilov and Hutter 2017, "Decoupled Weight Decay Regularization", arXiv:1711.05101). The decay is
// multiplied by the learning rate, as in PyTorch, and not only by its schedule as in the paper.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/core/adamw.hpp>

namespace ordo {

/// One step on p, with the running means m of the gradient and v of its square. All of one size, where the last range
/// ends. `decays`, `step` and `sums` lie in the backend's memory.
template <class R>
void adamw(const Reference<R>&, std::type_identity_t<std::span<R>> p, std::type_identity_t<std::span<const R>> gradient,
           std::type_identity_t<std::span<R>> m, std::type_identity_t<std::span<R>> v,
           std::span<const DecayRange> decays, const AdamWStep* numbers, const StepSums* sums) {
  check_decays(decays, p.size());
  if (!sums->finite()) return;
  const AdamWStep& step = *numbers;
  const R scale = static_cast<R>(step.gradient_scale(*sums));
  const R beta1 = static_cast<R>(step.beta1);
  const R beta2 = static_cast<R>(step.beta2);
  const R new1 = static_cast<R>(1 - step.beta1);
  const R new2 = static_cast<R>(1 - step.beta2);
  const DecayRange* range = decays.data();
  for (std::size_t i = 0; i < p.size(); ++i) {
    while (static_cast<std::int64_t>(i) >= range->end) ++range;
    const R g = scale * gradient[i];
    m[i] = beta1 * m[i] + new1 * g;
    v[i] = beta2 * v[i] + new2 * g * g;
    const R mean = m[i] / static_cast<R>(step.correction1);
    const R spread = std::sqrt(v[i] / static_cast<R>(step.correction2));
    p[i] -= static_cast<R>(step.rate) *
            (mean / (spread + static_cast<R>(step.epsilon)) + static_cast<R>(range->decay) * p[i]);
  }
}

}  // namespace ordo
