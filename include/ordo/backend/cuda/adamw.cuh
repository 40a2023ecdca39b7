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

/// AdamWStep in fp32, with what is the same for all parameters worked out.
struct AdamW {
  float* p;
  const float* gradient;
  float* m;
  float* v;
  const StepSums* sums;
  float clip, beta1, beta2, new1, new2, rate, unbias1, unbias2, epsilon, decay;

  ORDO_DEVICE void operator()(std::int64_t i) const {
    if (!sums->finite()) return;
    const auto norm = static_cast<float>(std::sqrt(sums->squared_norm));
    const float g = (clip > 0 && norm > clip ? clip / norm : 1.0F) * gradient[i];
    const float mean = beta1 * m[i] + new1 * g;
    const float square = beta2 * v[i] + new2 * g * g;
    m[i] = mean;
    v[i] = square;
    p[i] -= rate * (mean * unbias1 / (std::sqrt(square * unbias2) + epsilon) + decay * p[i]);
  }
};

}  // namespace cuda

/// One step on p, with the running means m of the gradient and v of its square. All of one size, in fp32. `sums` lies
/// in the backend's memory.
template <class A>
void adamw(const CudaBackend<A>& b, std::span<float> p, std::span<const float> gradient, std::span<float> m,
           std::span<float> v, const AdamWStep& step, const StepSums* sums) {
  const auto f = [](double x) { return static_cast<float>(x); };
  cuda::for_each(b.queue(), static_cast<std::int64_t>(p.size()),
                 cuda::AdamW{p.data(), gradient.data(), m.data(), v.data(), sums, f(step.clip), f(step.beta1),
                             f(step.beta2), f(1 - step.beta1), f(1 - step.beta2), f(step.rate), f(1 / step.correction1),
                             f(1 / step.correction2), f(step.epsilon), f(step.decay)});
}

}  // namespace ordo
