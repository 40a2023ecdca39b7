#pragma once
// The CPU backend's type: fp32 on the cores of one machine. Its operations are the other headers of this folder.

#include <algorithm>
#include <cstdint>
#include <memory>

#include <ordo/backend/cpu/thread_pool.hpp>
#include <ordo/core/buffer.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/host_memory.hpp>

namespace ordo {

/// A handle of a pool of threads: cheap to copy, and copies share the pool. Operations may be called from several
/// threads at the same time.
class Cpu {
 public:
  using Scalar = float;
  using Activation = float;
  template <class T>
  using Buffer = HostBuffer<T>;
  static constexpr bool on_host = true;

  /// 0 threads: as many as the machine has. Throws if `threads` is negative or above 1024.
  explicit Cpu(int threads = 0) : pool_(std::make_shared<ThreadPool>(checked(threads))) {}

  [[nodiscard]] const char* name() const { return "cpu"; }
  [[nodiscard]] int threads() const { return pool_->threads(); }
  [[nodiscard]] ThreadPool& pool() const { return *pool_; }

 private:
  static int checked(int threads) {
    require(threads >= 0, "cpu", "threads must not be negative (got ", threads, "; 0 takes all the machine has)");
    require(threads <= 1024, "cpu", "threads must be at most 1024 (got ", threads, ")");
    return threads > 0 ? threads : ThreadPool::hardware_threads();
  }
  std::shared_ptr<ThreadPool> pool_;
};

namespace cpu {

using RangeWork = Callable<std::int64_t, std::int64_t>;

/// Calls work(first, last) on consecutive ranges of 0 .. count - 1: one a thread, fewer where a range would be
/// shorter than `grain`. Inner borders are multiples of `step`.
inline void for_ranges(const Cpu& cpu, std::int64_t count, std::int64_t grain, std::int64_t step,
                       const RangeWork& work) {
  if (count <= 0) return;
  const std::int64_t steps = (count + step - 1) / step;
  const std::int64_t parts = std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1,
                                                      std::min<std::int64_t>(steps, cpu.threads()));
  cpu.pool().run(static_cast<int>(parts), [&](int part) {
    work(steps * part / parts * step, std::min(count, steps * (part + 1) / parts * step));
  });
}

template <class Work>
void for_ranges(const Cpu& cpu, std::int64_t count, std::int64_t grain, std::int64_t step, const Work& work) {
  for_ranges(cpu, count, grain, step, RangeWork(work));
}

/// Calls work(first, last) on ranges of the rows of a matrix; small matrices stay on the caller's thread.
template <class Work>
void for_rows(const Cpu& cpu, std::int64_t rows, std::int64_t cols, const Work& work) {
  constexpr std::int64_t numbers = 8192;  // a thread's least share: a few microseconds
  for_ranges(cpu, rows, (numbers + cols) / (cols + 1), 1, work);
}

/// Calls work(i) for each i below `count`, on whichever thread is free.
template <class Work>
void for_tasks(const Cpu& cpu, std::int64_t count, const Work& work) {
  const std::int64_t parts = std::min<std::int64_t>(count, ThreadPool::max_parts);
  cpu.pool().run(static_cast<int>(parts), [&](int part) {
    for (std::int64_t i = count * part / parts; i < count * (part + 1) / parts; ++i) work(i);
  });
}

/// At least `count` numbers of the calling thread's own, aligned to a cache line, with arbitrary content. Valid until
/// the thread asks again under the same Use.
template <class Use>
float* scratch(std::int64_t count) {
  thread_local HostBuffer<float> memory;
  const auto wanted = static_cast<std::size_t>(count);
  if (memory.size() < wanted) memory = HostBuffer<float>(wanted + wanted / 4);
  return memory.data();
}

}  // namespace cpu

}  // namespace ordo
