#pragma once
// What the GPU benchmarks share: times, and what the device itself can do, measured in the same run (its products:
// ordo/backend/cuda/product_rate.cuh).

#include <cstddef>

#include <ordo/backend/cuda/cuda.cuh>
#include <ordo/backend/cuda/device_time.cuh>
#include <ordo/backend/cuda/product_rate.cuh>

namespace bench {

using ordo::cuda::device_time;
using ordo::cuda::summary;
using ordo::cuda::Times;

/// Bytes read and written by a large copy on the device [bytes/s].
template <class A>
double copy_rate(const ordo::CudaBackend<A>& b) {
  const std::size_t count = std::size_t{1} << 28;  // 1 GiB of floats
  auto from = ordo::allocate<float>(b, count);
  auto to = ordo::allocate<float>(b, count);
  const Times times = device_time(b.queue(), 5, [&] {
    ordo::cuda::check(
        cudaMemcpyAsync(to.data(), from.data(), count * sizeof(float), cudaMemcpyDeviceToDevice, b.queue()), "copy");
  });
  return 2.0 * static_cast<double>(count * sizeof(float)) / (times.least * 1e-3);
}

}  // namespace bench
