#pragma once
// What a device reaches on the work that suits it best, a large matrix product: to say what share of that training
// gets. Not for the emulated device, which has no clock.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/device_time.cuh>
#include <ordo/backend/cuda/linear.cuh>

namespace ordo {

/// Rate of the backend's own product of 8192 x 8192 numbers in A [FLOP/s], by the median of seven. Takes 256 MiB of the
/// device's memory in bf16 and 512 in float, for as long as it measures; none where less than twice that is free.
template <class A>
[[nodiscard]] std::optional<double> product_rate(const CudaBackend<A>& b) {
  constexpr std::int64_t n = 8192;
  constexpr std::size_t count = n * n;
  if (b.context().free_bytes() < static_cast<std::int64_t>(4 * count * sizeof(A))) return std::nullopt;
  auto x = allocate<A>(b, count);
  auto y = allocate<A>(b, count);
  // Not zeros: a GPU that has nothing to switch draws less power, and clocks higher. The first rows again and again.
  std::vector<A> rows(64 * n);
  std::uint32_t state = 1;
  for (A& number : rows) {
    state = state * 1664525U + 1013904223U;
    number = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31F;
  }
  upload(b, rows, x.data());
  for (std::size_t there = rows.size(); there < count; there *= 2) {
    cuda::check(cudaMemcpyAsync(x.data() + there, x.data(), there * sizeof(A), cudaMemcpyDeviceToDevice, b.queue()),
                "copy");
  }
  const Matrix<A> xs(x.data(), n, n);
  const Matrix<A> ys(y.data(), n, n);
  const cuda::Times times = cuda::device_time(
      b.queue(), 7, [&] { linear(b, xs, xs, ys); }, 1);
  return 2.0 * static_cast<double>(n) * n * n / (times.median * 1e-3);
}

}  // namespace ordo
