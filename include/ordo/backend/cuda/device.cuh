#pragma once
// The vocabulary that kernels are written in, and how they are launched. Compiled by nvcc it is CUDA's own. The tests
// define ORDO_EMULATE_CUDA and give every word a meaning on the host (tests/support/emulated_device.hpp), so that each
// kernel is run and checked where there is no GPU.

#include <cstddef>
#include <cstdint>

#include <ordo/core/bf16.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/host_device.hpp>

#if defined(ORDO_EMULATE_CUDA)
#include <support/emulated_device.hpp>
#elif defined(__CUDACC__)

#include <cuda_runtime.h>

#define ORDO_KERNEL static __global__ void               // a file's own: several files of a program may include one
#define ORDO_THREADS(count) __launch_bounds__(count, 1)  // of a kernel's block, and one block to a multiprocessor
#define ORDO_DEVICE __device__ __forceinline__
#define ORDO_UNROLL _Pragma("unroll")
#define ORDO_ONE_BY_ONE _Pragma("unroll 1")

namespace ordo::cuda {

using Queue = cudaStream_t;  ///< where work is queued: what CUDA calls a stream

/// Every error of the device becomes an exception here, and nowhere else.
inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) cudaGetLastError();  // taken note of: the next call is not to blame
  require(status == cudaSuccess, "cuda", what, ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status), ")");
}

/// Raw memory of the thread's current device.
[[nodiscard]] inline void* device_memory(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    std::size_t left = 0;
    std::size_t all = 0;
    cudaGetLastError();
    check(cudaMemGetInfo(&left, &all), "memory");
    fail("cuda", "the device has ", left >> 20, " of its ", all >> 20, " MiB left, and ", bytes >> 20,
         " MiB more are needed; fewer slots in a pass, a smaller batch of an evaluation or a smaller model need less");
  }
  check(status, "memory");
  return memory;
}
/// When all that was queued is done: kernels may still use it.
inline void free_device_memory(void* memory) noexcept {
  if (memory == nullptr) return;
  cudaDeviceSynchronize();
  cudaFree(memory);
}
/// Zeros, seen by every queue.
inline void clear_device_memory(void* memory, std::size_t bytes) {
  check(cudaMemsetAsync(memory, 0, bytes, cudaStreamLegacy), "memory");
  check(cudaStreamSynchronize(cudaStreamLegacy), "memory");
}
/// The host's memory that a device reads by itself.
[[nodiscard]] inline void* pinned_memory(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMallocHost(&memory, bytes), "pinned memory");
  return memory;
}
inline void free_pinned_memory(void* memory) noexcept { cudaFreeHost(memory); }
/// Queued; `from` is pinned, and stays as it is until the copy is done.
inline void copy_to_device(Queue queue, const void* from, std::size_t bytes, void* to) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, queue), "upload");
}
/// Done when all that was queued before is.
inline void copy_from_device(Queue queue, const void* from, std::size_t bytes, void* to) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, queue), "download");
  check(cudaStreamSynchronize(queue), "download");
}

/// A place in a queue that the host may wait for. Made where it is first recorded.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() {
    if (event_ != nullptr) cudaEventDestroy(event_);
  }
  void record(Queue queue) {
    if (event_ == nullptr) check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "event");
    check(cudaEventRecord(event_, queue), "event");
  }
  /// Until all that was queued before it is done; at once if it was never recorded.
  void wait() const {
    if (event_ != nullptr) check(cudaEventSynchronize(event_), "event");
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// What was queued once, to be queued again as a whole.
class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() { clear(); }

  [[nodiscard]] bool ready() const { return ready_ != nullptr; }
  /// From here to `end` this thread's work on the queue is noted and not done.
  void begin(Queue queue) {
    clear();
    check(cudaStreamBeginCapture(queue, cudaStreamCaptureModeThreadLocal), "graph");
    noting_ = queue;
  }
  void end() {
    cudaGraph_t noted = nullptr;
    const cudaError_t status = cudaStreamEndCapture(noting_, &noted);
    noting_ = nullptr;
    check(status, "graph");
    const cudaError_t made = cudaGraphInstantiate(&ready_, noted, 0);
    cudaGraphDestroy(noted);
    check(made, "graph");
  }
  void launch(Queue queue) const { check(cudaGraphLaunch(ready_, queue), "graph"); }
  /// Forgets what was noted.
  void clear() noexcept {
    if (noting_ != nullptr) {
      cudaGraph_t noted = nullptr;
      cudaStreamEndCapture(noting_, &noted);
      if (noted != nullptr) cudaGraphDestroy(noted);
      cudaGetLastError();  // the next call is not to blame
      noting_ = nullptr;
    }
    if (ready_ != nullptr) cudaGraphExecDestroy(ready_);
    ready_ = nullptr;
  }

 private:
  Queue noting_ = nullptr;
  cudaGraphExec_t ready_ = nullptr;
};

ORDO_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
ORDO_DEVICE int block_threads() { return static_cast<int>(blockDim.x); }
ORDO_DEVICE int block_x() { return static_cast<int>(blockIdx.x); }
ORDO_DEVICE int block_y() { return static_cast<int>(blockIdx.y); }
ORDO_DEVICE int block_z() { return static_cast<int>(blockIdx.z); }
ORDO_DEVICE int blocks_x() { return static_cast<int>(gridDim.x); }
/// All threads of the block meet here.
ORDO_DEVICE void meet() { __syncthreads(); }
/// All lanes of the warp.
ORDO_DEVICE void meet_lanes() { __syncwarp(); }
/// Ends the kernel with an error.
ORDO_DEVICE void give_up() { __trap(); }
/// What this thread has written is there for other blocks before what it writes next.
ORDO_DEVICE void publish() { __threadfence(); }
/// Asks for memory that is read soon. What others write to it meanwhile is seen all the same.
ORDO_DEVICE void expect(const void* memory) { asm volatile("prefetch.global.L2 [%0];" ::"l"(memory)); }
/// First in every thread of a kernel that is launched early, before it touches the device's memory: waits until all
/// that was queued before it is done, and lets the kernel behind it come. No load of such a kernel may be one that the
/// compiler takes for constant (__restrict__, __ldg): it could be moved before the wait.
ORDO_DEVICE void await_queued() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  cudaGridDependencySynchronize();
  cudaTriggerProgrammaticLaunchCompletion();
#endif
}
/// Adds to a number that other blocks add to as well, and returns what it was.
ORDO_DEVICE int add_atomically(int* number, int value) { return atomicAdd(number, value); }
/// The value of the lane whose number differs in the bits of `mask`. All 32 lanes of the warp must ask.
template <class T>
ORDO_DEVICE T across(T value, int mask) {
  return __shfl_xor_sync(0xffffffffU, value, mask);
}
/// The value of lane `from`. All 32 lanes of the warp must ask.
template <class T>
ORDO_DEVICE T of_lane(T value, int from) {
  return __shfl_sync(0xffffffffU, value, from);
}
/// The block's shared memory, as much as its launch asked for.
template <class T>
ORDO_DEVICE T* shared_memory() {
  extern __shared__ __align__(128) unsigned char ordo_shared_memory[];
  return reinterpret_cast<T*>(ordo_shared_memory);
}

/// Eight numbers at a multiple of 16 bytes, as floats.
ORDO_DEVICE void load_eight(const float* from, float (&to)[8]) {
  const float4 first = *reinterpret_cast<const float4*>(from);
  const float4 second = *reinterpret_cast<const float4*>(from + 4);
  to[0] = first.x, to[1] = first.y, to[2] = first.z, to[3] = first.w;
  to[4] = second.x, to[5] = second.y, to[6] = second.z, to[7] = second.w;
}
ORDO_DEVICE void load_eight(const bf16* from, float (&to)[8]) {
  const uint4 all = *reinterpret_cast<const uint4*>(from);
  const std::uint32_t words[4] = {all.x, all.y, all.z, all.w};
  ORDO_UNROLL
  for (int i = 0; i < 4; ++i) {
    to[2 * i] = __uint_as_float(words[i] << 16);
    to[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
  }
}
ORDO_DEVICE void store_eight(float* to, const float (&from)[8]) {
  *reinterpret_cast<float4*>(to) = make_float4(from[0], from[1], from[2], from[3]);
  *reinterpret_cast<float4*>(to + 4) = make_float4(from[4], from[5], from[6], from[7]);
}
ORDO_DEVICE void store_eight(bf16* to, const float (&from)[8]) {
  *reinterpret_cast<uint4*>(to) = make_uint4(rounded_pair(from[0], from[1]), rounded_pair(from[2], from[3]),
                                             rounded_pair(from[4], from[5]), rounded_pair(from[6], from[7]));
}

/// The most shared memory that a block of the thread's current device may ask for [bytes].
[[nodiscard]] inline std::size_t most_shared_memory() {
  int device = 0;
  int bytes = 0;
  check(cudaGetDevice(&device), "device");
  check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "device");
  return static_cast<std::size_t>(bytes);
}

/// A grid of blocks of `threads` threads, with so many bytes of shared memory each.
struct Grid {
  int x = 1;
  int y = 1;
  int z = 1;
  int threads = 128;
  std::size_t shared = 0;  // [bytes]
};

/// Whether this kernel's code, as it is for the thread's current device, knows how to wait for what was queued before
/// it, and graphs how to keep that it does.
template <class... P>
[[nodiscard]] bool can_come_early(void (*kernel)(P...)) {
  constexpr int kept_by_graphs = 12030;
  static const bool kept = [] {
    int driver = 0;
    check(cudaDriverGetVersion(&driver), "device");
    return CUDART_VERSION >= kept_by_graphs && driver >= kept_by_graphs;
  }();
  if (!kept) return false;
  cudaFuncAttributes about{};
  check(cudaFuncGetAttributes(&about, kernel), "kernel");
  return about.ptxVersion >= 90;
}

/// Queues kernel(args...), as `early` says.
template <class... P, class... A>
void launch_as(bool early, Queue queue, const Grid& grid, void (*kernel)(P...), const A&... args) {
  if (grid.x <= 0 || grid.y <= 0 || grid.z <= 0) return;
  if (grid.shared > 48 * 1024) {
    const std::size_t most = most_shared_memory();
    require(grid.shared <= most, "cuda", "this kernel needs ", grid.shared,
            " bytes of shared memory, and the device has ", most, " for a block; smaller heads need less");
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(grid.shared)),
          "shared memory");
  }
  cudaLaunchConfig_t how{};
  how.gridDim = dim3(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z));
  how.blockDim = dim3(static_cast<unsigned>(grid.threads));
  how.dynamicSmemBytes = grid.shared;
  how.stream = queue;
  cudaLaunchAttribute may_begin{};
  may_begin.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  may_begin.val.programmaticStreamSerializationAllowed = 1;
  how.attrs = &may_begin;
  how.numAttrs = early ? 1 : 0;
  check(cudaLaunchKernelEx(&how, kernel, static_cast<P>(args)...), "launch");
}
/// Queues kernel(args...). A grid without blocks does nothing.
template <class... P, class... A>
void launch(Queue queue, const Grid& grid, void (*kernel)(P...), const A&... args) {
  launch_as(false, queue, grid, kernel, args...);
}
/// The same for a kernel that begins with await_queued: its blocks come while those before it end, where they can
/// (programmatic dependent launch).
template <class... P, class... A>
void launch_early(Queue queue, const Grid& grid, void (*kernel)(P...), const A&... args) {
  if (grid.x > 0 && grid.y > 0 && grid.z > 0) launch_as(can_come_early(kernel), queue, grid, kernel, args...);
}

}  // namespace ordo::cuda

#else
#error "[ordo] ordo/backend/cuda is compiled by nvcc (.cu files)"
#endif
