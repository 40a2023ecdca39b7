#pragma once
// What the threads of a warp and of a block do together, and work that is shared among blocks.

#include <cstdint>

#include <ordo/backend/cuda/device.cuh>

namespace ordo::cuda {

inline constexpr int warp_size = 32;

ORDO_DEVICE int lane() { return thread_index() % warp_size; }
ORDO_DEVICE int warp() { return thread_index() / warp_size; }

/// The sum over a warp, the same for all its lanes whatever the order in which they run.
template <class T>
ORDO_DEVICE T warp_sum(T value) {
  for (int mask = warp_size / 2; mask > 0; mask /= 2) value += across(value, mask);
  return value;
}
template <class T>
ORDO_DEVICE T warp_max(T value) {
  for (int mask = warp_size / 2; mask > 0; mask /= 2) {
    const T other = across(value, mask);
    value = value < other ? other : value;
  }
  return value;
}

/// Over the threads of a block, in a fixed order; `room` is shared memory for a number of each warp. All threads get
/// it.
template <class T>
ORDO_DEVICE T block_sum(T value, T* room) {
  value = warp_sum(value);
  meet();  // the room may hold an earlier sum
  if (lane() == 0) room[warp()] = value;
  meet();
  T sum = 0;
  for (int w = 0; w < block_threads() / warp_size; ++w) sum += room[w];
  return sum;
}
/// The sum over the block's warps, in their order, of what each lane of that number has; `room` is shared memory for a
/// number of each thread.
template <class T>
ORDO_DEVICE T sum_over_warps(T value, T* room) {
  room[thread_index()] = value;
  meet();
  T sum = 0;
  for (int w = 0; w < block_threads() / warp_size; ++w) sum += room[w * warp_size + lane()];
  return sum;
}
template <class T>
ORDO_DEVICE T block_max(T value, T* room) {
  value = warp_max(value);
  meet();
  if (lane() == 0) room[warp()] = value;
  meet();
  T largest = room[0];
  for (int w = 1; w < block_threads() / warp_size; ++w) largest = largest < room[w] ? room[w] : largest;
  return largest;
}

/// Whether this block is the last of `all` to get here; what the others wrote is there for it. `arrived` is theirs, 0
/// before and afterwards. Every thread of the block must ask; `told` is shared memory that nobody uses meanwhile.
ORDO_DEVICE bool is_last(int* arrived, int all, int* told) {
  publish();
  meet();
  if (thread_index() == 0) {
    *told = add_atomically(arrived, 1);
    if (*told == all - 1) *arrived = 0;
  }
  meet();
  const bool last = *told == all - 1;
  if (last) publish();  // and nothing is read before
  return last;
}

template <class F>
ORDO_KERNEL for_each_kernel(std::int64_t count, F f) {
  await_queued();
  const std::int64_t step = static_cast<std::int64_t>(blocks_x()) * block_threads();
  for (std::int64_t i = static_cast<std::int64_t>(block_x()) * block_threads() + thread_index(); i < count; i += step) {
    f(i);
  }
}

/// How many blocks share `count` pieces of work, a block taking `each` at a time: enough to fill any device, few enough
/// to last.
[[nodiscard]] inline int blocks_for(std::int64_t count, std::int64_t each) {
  constexpr std::int64_t most = 2048;
  const std::int64_t blocks = (count + each - 1) / each;
  return static_cast<int>(blocks < most ? blocks : most);
}

/// Queues f(i) for each i below `count`, in no order. F is a struct with an ORDO_DEVICE operator().
template <class F>
void for_each(Queue queue, std::int64_t count, const F& f) {
  constexpr int threads = 256;
  launch_early(queue, {blocks_for(count, threads), 1, 1, threads, 0}, for_each_kernel<F>, count, f);
}

}  // namespace ordo::cuda
