#pragma once
// How much scratch a device's cross-entropy takes.

#include <cstdint>
#include <type_traits>

namespace ordo {

/// Logits from one row to the next: rows begin at multiples of 16 bytes.
[[nodiscard]] constexpr std::int64_t logit_stride(std::int64_t vocab) { return (vocab + 7) / 8 * 8; }

/// Numbers of R for one row of logits, and of their gradient in A where that is another type.
template <class R, class A>
[[nodiscard]] constexpr std::int64_t logit_room(std::int64_t vocab) {
  const std::int64_t stride = logit_stride(vocab);
  if (std::is_same_v<R, A>) return stride;
  return stride + stride * static_cast<std::int64_t>(sizeof(A)) / static_cast<std::int64_t>(sizeof(R));
}

}  // namespace ordo
