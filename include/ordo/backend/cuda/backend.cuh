#pragma once
// The CUDA backend's type: one GPU, one queue. Its operations are the other headers of this folder; all that they are
// given (matrices, rows, targets, places) lies in the device's memory.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include <ordo/backend/cuda/block.cuh>
#include <ordo/backend/cuda/buffer.cuh>
#include <ordo/backend/cuda/device.cuh>
#include <ordo/backend/cuda/products.cuh>
#include <ordo/backend/cuda/staging.cuh>
#include <ordo/backend/cuda/warpgroup.cuh>
#include <ordo/core/bf16.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

namespace cuda {

/// What a device says of itself.
struct DeviceFacts {
  std::string name;
  int units = 0;                  ///< multiprocessors
  std::int64_t memory_bytes = 0;  ///< in all
};

/// What a backend's copies share: the device, its queue, and memory that operations use between their kernels. That
/// memory grows when an operation first needs more, and is the operation's until the next one is queued.
class Context {
 public:
#if defined(ORDO_EMULATE_CUDA)
  explicit Context(int) {}
  [[nodiscard]] Queue queue() const { return {}; }
  void settle() const {}
  [[nodiscard]] DeviceFacts facts() const { return {"emulated device", 1, std::int64_t{1} << 30}; }
  [[nodiscard]] std::string describe() const { return facts().name; }
  [[nodiscard]] std::int64_t free_bytes() const { return std::int64_t{1} << 30; }
  [[nodiscard]] bool has_warpgroups() const { return emulated::has_warpgroups(); }
#else
  explicit Context(int device) : device_(device) {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    require(status != cudaErrorInsufficientDriver, "cuda", "the driver is missing, or older than CUDA ",
            CUDART_VERSION / 1000, ".", CUDART_VERSION % 1000 / 10, ", which this program was built with");
    require(status == cudaSuccess && count > 0, "cuda", "there is no device to compute on (",
            status == cudaSuccess ? "none is visible" : cudaGetErrorString(status), ")");
    require(device >= 0 && device < count, "cuda", "the device must be below ", count, " (got ", device, ")");
    try {
      check(cudaSetDevice(device), "device");
      check(cudaStreamCreateWithFlags(&queue_, cudaStreamNonBlocking), "queue");
      products_.emplace();
      DeviceBuffer<int> answer(1);
      has_warpgroups_ = runs_warpgroup_products(queue_, answer.data());
    } catch (...) {
      release();
      throw;
    }
  }
  ~Context() { release(); }
  /// The queue, with its device made the calling thread's.
  [[nodiscard]] Queue queue() const {
    check(cudaSetDevice(device_), "device");
    return queue_;
  }
  /// Whether kernels with products of four warps run here (see warpgroup.cuh).
  [[nodiscard]] bool has_warpgroups() const { return has_warpgroups_; }
  [[nodiscard]] Products& products() { return *products_; }
  /// Waits until all that was queued is done.
  void settle() const { check(cudaStreamSynchronize(queue()), "queue"); }
  [[nodiscard]] DeviceFacts facts() const {
    cudaDeviceProp about{};
    check(cudaGetDeviceProperties(&about, device_), "device");
    return {about.name, about.multiProcessorCount, static_cast<std::int64_t>(about.totalGlobalMem)};
  }
  [[nodiscard]] std::string describe() const { return facts().name + ", " + Products::describe(); }
  /// What this process and others leave of the device's memory.
  [[nodiscard]] std::int64_t free_bytes() const {
    check(cudaSetDevice(device_), "device");
    std::size_t left = 0;
    std::size_t all = 0;
    check(cudaMemGetInfo(&left, &all), "memory");
    return static_cast<std::int64_t>(left);
  }
#endif
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] int device() const { return device_; }
  [[nodiscard]] Staging& staging() { return staging_; }
  /// Another number whenever the room or the counters lie elsewhere.
  [[nodiscard]] std::uint64_t room_number() const { return room_number_; }
  /// Room for `bytes`, aligned to 256, holding whatever it held.
  [[nodiscard]] void* room(std::size_t bytes) {
    if (room_.size() < bytes) {
      settle();  // what is queued may still use the old one
      ++room_number_;
      room_ = DeviceBuffer<unsigned char>(bytes, Fresh::anything);
    }
    return room_.data();
  }
  /// `count` numbers that are 0, for kernels that leave them so.
  [[nodiscard]] int* counters(std::size_t count) {
    if (counters_.size() < count) {
      settle();
      ++room_number_;
      counters_ = DeviceBuffer<int>(2 * count);
    }
    return counters_.data();
  }

 private:
  int device_ = 0;
#if !defined(ORDO_EMULATE_CUDA)
  void release() noexcept {
    cudaSetDevice(device_);
    products_.reset();
    if (queue_ != nullptr) cudaStreamDestroy(queue_);
  }
  Queue queue_{};
  bool has_warpgroups_ = false;
  std::optional<Products> products_;  // made when the device is known to be there
#endif
  DeviceBuffer<unsigned char> room_;
  DeviceBuffer<int> counters_;
  std::uint64_t room_number_ = 0;
  Staging staging_;
};

}  // namespace cuda

/// A handle of one GPU's queue: cheap to copy, and copies share the queue, so they are used by one thread at a time.
/// A: what activations are in, and the weights that they are multiplied by: float or bf16. Sums, parameters, their
/// gradients and moments are in float.
template <class A>
class CudaBackend {
 public:
  static_assert(std::is_same_v<A, float> || std::is_same_v<A, bf16>, "[ordo] CudaBackend<A>: A must be float or bf16");
  using Scalar = float;
  using Activation = A;
  template <class T>
  using Buffer = cuda::DeviceBuffer<T>;
  static constexpr bool on_host = false;

  /// Throws where there is no such device.
  explicit CudaBackend(int device = 0) : context_(std::make_shared<cuda::Context>(device)) {}

  /// With the device and the version of the products: another of either gives other last bits.
  [[nodiscard]] std::string name() const {
    return std::string(std::is_same_v<A, bf16> ? "cuda bf16, " : "cuda fp32, ") + context_->describe();
  }
  [[nodiscard]] int threads() const { return 1; }  // of the host
  [[nodiscard]] cuda::Context& context() const { return *context_; }
  [[nodiscard]] cuda::Queue queue() const { return context_->queue(); }

 private:
  std::shared_ptr<cuda::Context> context_;
};

/// How models are trained at speed: activations and products in bf16 on matrix units. Heads must have 32, 64 or 128
/// columns, or those of them that ORDO_CUDA_HEAD_SIZES names (for 128, gradients take more shared memory than sm_86,
/// sm_89 and sm_120 have). Cuda(1) is a new queue on device 1; only copies of a backend share one, and what works on
/// the same memory must share it.
using Cuda = CudaBackend<bf16>;
/// All in fp32, heads of up to 128 columns: to compare with the host.
using CudaFloat = CudaBackend<float>;

/// `size` numbers in the backend's device's memory, all zero. Throws where there is too little.
template <class T, class A>
[[nodiscard]] cuda::DeviceBuffer<T> allocate(const CudaBackend<A>& b, std::size_t size) {
  (void)b.queue();  // makes its device the thread's
  return cuda::DeviceBuffer<T>(size);
}

/// Queues a copy of `from` to the device; `from` may be changed at once.
template <class A, class T>
void upload(const CudaBackend<A>& b, std::type_identity_t<std::span<const T>> from, T* to) {
  static_assert(std::is_trivially_copyable_v<T>);
  b.context().staging().upload(b.queue(), from.data(), from.size_bytes(), to);
}

/// Copies as many numbers as `to` holds from the device, when all that was queued before is done.
template <class A, class T>
void download(const CudaBackend<A>& b, const T* from, std::type_identity_t<std::span<T>> to) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (!to.empty()) cuda::copy_from_device(b.queue(), from, to.size_bytes(), to.data());
}

namespace cuda {

template <class A>
using In = std::type_identity_t<Matrix<const A>>;
template <class A>
using Out = std::type_identity_t<Matrix<A>>;

/// Cuts the context's room into pieces, each aligned to 256 bytes: first count, then ask for the room, then take.
class Pieces {
 public:
  explicit Pieces(void* from) : next_(static_cast<unsigned char*>(from)) {}
  template <class T>
  [[nodiscard]] T* take(std::int64_t count) {
    T* piece = reinterpret_cast<T*>(next_);
    next_ += bytes<T>(count);
    return piece;
  }
  template <class T>
  [[nodiscard]] static std::size_t bytes(std::int64_t count) {
    return (static_cast<std::size_t>(count) * sizeof(T) + 255) / 256 * 256;
  }

 private:
  unsigned char* next_;
};

}  // namespace cuda

}  // namespace ordo
