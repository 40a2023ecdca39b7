#pragma once
// AdamW (Loshchilov and Hutter 2017, "Decoupled Weight Decay Regularization", arXiv:1711.05101). The decay is
// multiplied by the learning rate, as in PyTorch, and not only by its schedule as in the paper.

#include <cmath>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/core/adamw.hpp>

namespace ordo {

namespace cuda {

template <class R>
struct AdamW {
  R* p;
  const R* gradient;
  R* m;
  R* v;
  AdamWStep step;
  const StepSums* sums;

  ORDO_DEVICE void operator()(std::int64_t i) const {
    if (!sums->finite()) return;
    const R g = static_cast<R>(step.gradient_scale(*sums)) * gradient[i];
    const R mean = static_cast<R>(step.beta1) * m[i] + static_cast<R>(1 - step.beta1) * g;
    const R square = static_cast<R>(step.beta2) * v[i] + static_cast<R>(1 - step.beta2) * g * g;
    m[i] = mean;
    v[i] = square;
    const R towards = mean / static_cast<R>(step.correction1);
    const R spread = std::sqrt(square / static_cast<R>(step.correction2));
    p[i] -= static_cast<R>(step.rate) *
            (towards / (spread + static_cast<R>(step.epsilon)) + static_cast<R>(step.decay) * p[i]);
  }
};

}  // namespace cuda

/// One step on p, with the running means m of the gradient and v of its square. All of one size. `sums` lies in the
/// backend's memory.
template <class R>
void adamw(const CudaBackend<R>& b, std::type_identity_t<std::span<R>> p,
           std::type_identity_t<std::span<const R>> gradient, std::type_identity_t<std::span<R>> m,
           std::type_identity_t<std::span<R>> v, const AdamWStep& step, const StepSums* sums) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(p.size()),
                 cuda::AdamW<R>{p.data(), gradient.data(), m.data(), v.data(), step, sums});
}

}  // namespace ordo
