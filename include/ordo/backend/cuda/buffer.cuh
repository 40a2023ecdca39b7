#pragma once
// Memory of the device, owned by one object, and the ways to and from it.

#include <cstddef>
#include <limits>
#include <new>
#include <span>
#include <utility>

#include <ordo/backend/cuda/device.cuh>
#include <ordo/core/buffer.hpp>

namespace ordo::cuda {

#if defined(ORDO_EMULATE_CUDA)

enum class Fresh : bool { zeros, anything };

template <class T>
class DeviceBuffer : public HostBuffer<T> {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t size, Fresh = Fresh::zeros) : HostBuffer<T>(size) {}
};

template <class T>
void upload(Queue, std::span<const T> from, T* to) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i];
}
template <class T>
void download(Queue, const T* from, std::span<T> to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i];
}

#else

/// What a fresh buffer holds: zeros, or whatever was there.
enum class Fresh : bool { zeros, anything };

/// `size` numbers on the thread's current device. Moves, never copies by accident. What it points to is read by kernels
/// only.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t size, Fresh fresh = Fresh::zeros) {
    if (size == 0) return;
    if (size > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
    DeviceBuffer made;  // frees what it has if a later step fails
    check(cudaMalloc(reinterpret_cast<void**>(&made.data_), size * sizeof(T)), "memory");
    made.size_ = size;
    if (fresh == Fresh::zeros) {
      check(cudaMemset(made.data_, 0, size * sizeof(T)), "memory");
      check(cudaStreamSynchronize(cudaStreamLegacy), "memory");  // other queues do not wait for this one
    }
    swap(made);
  }
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer moved(std::move(other));
    swap(moved);
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() { cudaFree(data_); }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<T> span() { return {data_, size_}; }
  [[nodiscard]] std::span<const T> span() const { return {data_, size_}; }

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Copies to the device; the host's memory may be used again at once.
template <class T>
void upload(Queue queue, std::span<const T> from, T* to) {
  if (from.empty()) return;
  check(cudaMemcpyAsync(to, from.data(), from.size_bytes(), cudaMemcpyHostToDevice, queue), "upload");
  check(cudaStreamSynchronize(queue), "upload");
}
/// Copies from the device, when all that was queued before is done.
template <class T>
void download(Queue queue, const T* from, std::span<T> to) {
  if (to.empty()) return;
  check(cudaMemcpyAsync(to.data(), from, to.size_bytes(), cudaMemcpyDeviceToHost, queue), "download");
  check(cudaStreamSynchronize(queue), "download");
}

#endif

}  // namespace ordo::cuda
