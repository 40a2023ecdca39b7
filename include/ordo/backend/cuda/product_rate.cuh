#pragma once
// What a device reaches on the work that suits it best, a large matrix product: to say what share of that training
// gets. Includes no emulated device: that has no clock.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/linear.cuh>

namespace ordo {

namespace cuda {

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
Times device_time(Queue queue, int repetitions, const Run& run, int group = 10) {
  constexpr int uncounted = 3;
  struct Mark {
    Mark() { check(cudaEventCreate(&event), "event"); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { cudaEventDestroy(event); }
    cudaEvent_t event = nullptr;
  };
  const std::vector<Mark> marks(static_cast<std::size_t>(repetitions + uncounted + 1));
  for (std::size_t i = 0; i < marks.size(); ++i) {
    check(cudaEventRecord(marks[i].event, queue), "event");
    for (int j = 0; i + 1 < marks.size() && j < group; ++j) run();
  }
  check(cudaEventSynchronize(marks.back().event), "event");
  std::vector<double> all;
  for (std::size_t i = uncounted; i + 1 < marks.size(); ++i) {
    float ms = 0;
    check(cudaEventElapsedTime(&ms, marks[i].event, marks[i + 1].event), "event");
    all.push_back(ms / group);
  }
  return summary(std::move(all));
}

}  // namespace cuda

/// Rate of the backend's own product of 8192 x 8192 numbers in A [FLOP/s], by the median of seven. Takes 256 MiB of the
/// device's memory in bf16 and 512 in float, for as long as it measures.
template <class A>
[[nodiscard]] double product_rate(const CudaBackend<A>& b) {
  constexpr std::int64_t n = 8192;
  const auto count = static_cast<std::size_t>(n * n);
  auto x = allocate<A>(b, count);
  auto y = allocate<A>(b, count);
  // Not zeros: a GPU that has nothing to switch draws less power, and clocks higher.
  std::vector<A> host(count);
  std::uint32_t state = 1;
  for (A& number : host) {
    state = state * 1664525U + 1013904223U;
    number = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31F;
  }
  upload(b, host, x.data());
  const Matrix<A> xs(x.data(), n, n);
  const Matrix<A> ys(y.data(), n, n);
  const cuda::Times times = cuda::device_time(
      b.queue(), 7, [&] { linear(b, xs, xs, ys); }, 1);
  return 2.0 * static_cast<double>(n) * n * n / (times.median * 1e-3);
}

}  // namespace ordo
