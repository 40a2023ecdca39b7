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

inline constexpr int adamw_threads = 256;

/// Each thread works the step's numbers out once, in double, and takes every grid's-width-th parameter; its ranges
/// rise.
ORDO_KERNEL adamw_kernel(float* p, const float* gradient, float* m, float* v, std::int64_t count,
                         const DecayRange* range, const AdamWStep* step, const StepSums* sums) {
  if (!sums->finite()) return;
  const auto clip = static_cast<float>(step->gradient_scale(*sums));
  const auto beta1 = static_cast<float>(step->beta1);
  const auto beta2 = static_cast<float>(step->beta2);
  const auto new1 = static_cast<float>(1 - step->beta1);
  const auto new2 = static_cast<float>(1 - step->beta2);
  const auto rate = static_cast<float>(step->rate / step->correction1);
  const auto unbias = static_cast<float>(1 / step->correction2);
  const auto epsilon = static_cast<float>(step->epsilon);
  const auto whole_rate = static_cast<float>(step->rate);
  std::int64_t end = 0;  // of the range in hand
  float shrink = 0;
  const std::int64_t width = static_cast<std::int64_t>(blocks_x()) * block_threads();
  for (std::int64_t i = static_cast<std::int64_t>(block_x()) * block_threads() + thread_index(); i < count;
       i += width) {
    while (i >= end) {
      end = range->end;
      shrink = whole_rate * static_cast<float>(range->decay);
      ++range;
    }
    const float g = clip * gradient[i];
    const float mean = beta1 * m[i] + new1 * g;
    const float square = beta2 * v[i] + new2 * g * g;
    m[i] = mean;
    v[i] = square;
    p[i] -= rate * mean / (std::sqrt(square * unbias) + epsilon) + shrink * p[i];
  }
}

}  // namespace cuda

/// One step on p, with the running means m of the gradient and v of its square. All of one size, in fp32, where the
/// last range ends. `decays`, `step` and `sums` lie in the backend's memory.
template <class A>
void adamw(const CudaBackend<A>& b, std::span<float> p, std::span<const float> gradient, std::span<float> m,
           std::span<float> v, std::span<const DecayRange> decays, const AdamWStep* step, const StepSums* sums) {
  const auto count = static_cast<std::int64_t>(p.size());
  cuda::launch(b.queue(), {cuda::blocks_for(count, cuda::adamw_threads), 1, 1, cuda::adamw_threads, 0},
               cuda::adamw_kernel, p.data(), gradient.data(), m.data(), v.data(), count, decays.data(), step, sums);
}

}  // namespace ordo
