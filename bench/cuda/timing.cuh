#pragma once
// What the GPU benchmarks share: times, and what the device itself can do, measured in the same run.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <ordo/backend/cuda/cuda.cuh>

namespace bench {

struct Times {
  double median = 0;
  double least = 0;
  double most = 0;
};

inline Times summary(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return {all[all.size() / 2], all.front(), all.back()};
}

/// Of `repetitions` groups of `group` runs on the device, after three groups that are not counted: the time of one run
/// [ms]. All is queued before anything is waited for, so that the host's own time is hidden.
template <class Run>
Times device_time(ordo::cuda::Queue queue, int repetitions, const Run& run, int group = 10) {
  constexpr int uncounted = 3;
  std::vector<cudaEvent_t> events(static_cast<std::size_t>(repetitions + uncounted + 1));
  for (cudaEvent_t& event : events) ordo::cuda::check(cudaEventCreate(&event), "event");
  for (std::size_t i = 0; i < events.size(); ++i) {
    ordo::cuda::check(cudaEventRecord(events[i], queue), "event");
    for (int j = 0; i + 1 < events.size() && j < group; ++j) run();
  }
  ordo::cuda::check(cudaEventSynchronize(events.back()), "event");
  std::vector<double> all;
  for (std::size_t i = uncounted; i + 1 < events.size(); ++i) {
    float ms = 0;
    ordo::cuda::check(cudaEventElapsedTime(&ms, events[i], events[i + 1]), "event");
    all.push_back(ms / group);
  }
  for (cudaEvent_t event : events) cudaEventDestroy(event);
  return summary(std::move(all));
}

/// Rate of a large matrix product in A [FLOP/s]: what the device reaches on the work that suits it best.
template <class A>
double product_rate(const ordo::CudaBackend<A>& b) {
  constexpr std::int64_t n = 8192;
  const auto count = static_cast<std::size_t>(n * n);
  auto x = ordo::allocate<A>(b, count);
  auto w = ordo::allocate<A>(b, count);
  auto y = ordo::allocate<A>(b, count);
  // Not zeros: a GPU that has nothing to switch draws less power, and clocks higher.
  std::vector<A> host(count);
  std::uint32_t state = 1;
  for (A& number : host) {
    state = state * 1664525U + 1013904223U;
    number = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31F;
  }
  upload(b, host, x.data());
  upload(b, host, w.data());
  const ordo::Matrix<A> xs(x.data(), n, n);
  const ordo::Matrix<A> ws(w.data(), n, n);
  const ordo::Matrix<A> ys(y.data(), n, n);
  const Times times = device_time(b.queue(), 5, [&] { linear(b, xs, ws, ys); });
  return 2.0 * static_cast<double>(n) * n * n / (times.least * 1e-3);
}

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
