#pragma once
// How long work takes on a device, by its own clock. Not for the emulated device, which has none.

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <ordo/backend/cuda/device.cuh>

namespace ordo::cuda {

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

}  // namespace ordo::cuda
