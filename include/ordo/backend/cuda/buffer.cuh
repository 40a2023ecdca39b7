#pragma once
// Memory of the device, owned by one object.

#include <cstddef>
#include <limits>
#include <new>
#include <span>
#include <utility>

#include <ordo/backend/cuda/device.cuh>

namespace ordo::cuda {

/// What a fresh buffer holds: zeros, or whatever was there.
enum class Fresh : bool { zeros, anything };

/// `size` numbers on the thread's current device (see `allocate`). Moves, never copies by accident. What it points to
/// is read and written by kernels, `upload` and `download` only.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t size, Fresh fresh = Fresh::zeros) {
    if (size == 0) return;
    if (size > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
    DeviceBuffer made;  // frees what it has if a later step fails
    made.data_ = static_cast<T*>(device_memory(size * sizeof(T)));
    made.size_ = size;
    if (fresh == Fresh::zeros) clear_device_memory(made.data_, size * sizeof(T));
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
  ~DeviceBuffer() { free_device_memory(data_); }

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

}  // namespace ordo::cuda
