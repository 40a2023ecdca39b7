#pragma once
// Between the host's memory and a backend's: the part of the Backend concept that every backend in the host's memory
// shares, and how code that knows no backend reads and writes its numbers.

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include <ordo/core/buffer.hpp>

namespace ordo {

/// A backend whose buffers the host may read and write itself.
template <class B>
concept ComputesOnHost = static_cast<bool>(B::on_host);

/// `size` numbers, all zero.
template <class T, ComputesOnHost B>
[[nodiscard]] HostBuffer<T> allocate(const B&, std::size_t size) {
  return HostBuffer<T>(size);
}

/// Copies `from` to a backend's memory; `from` may be changed at once.
template <ComputesOnHost B, class T>
void upload(const B&, std::type_identity_t<std::span<const T>> from, T* to) {
  std::copy(from.begin(), from.end(), to);
}

/// Copies as many numbers as `to` holds from a backend's memory, when all that it was asked for before is done.
template <ComputesOnHost B, class T>
void download(const B&, const T* from, std::type_identity_t<std::span<T>> to) {
  std::copy(from, from + to.size(), to.begin());
}

/// Numbers of a backend for the host to read: those themselves where they lie in the host's memory, else a copy.
template <class T>
class HostCopy {
 public:
  /// Valid until the next call, as long as `numbers` stay as they are and this lives.
  template <class B>
  [[nodiscard]] std::span<const T> of(const B& b, std::span<const T> numbers) & {
    if constexpr (ComputesOnHost<B>) {
      return numbers;
    } else {
      copy_.resize(numbers.size());
      download(b, numbers.data(), copy_);
      return copy_;
    }
  }

 private:
  std::vector<T> copy_;
};

/// Lets the host write all of a backend's numbers: `write(span)` gets those themselves, or others that are then copied
/// there.
template <class B, class T, class Write>
void write_from_host(const B& b, std::span<T> numbers, const Write& write) {
  if constexpr (ComputesOnHost<B>) {
    write(numbers);
  } else {
    std::vector<T> own(numbers.size());
    write(std::span<T>(own));
    upload(b, own, numbers.data());
  }
}

}  // namespace ordo
