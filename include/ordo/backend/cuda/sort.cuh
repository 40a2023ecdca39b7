#pragma once
// The order that brings equal rows together, for gradients that add up in a fixed order.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>

#if defined(ORDO_EMULATE_CUDA)
#include <algorithm>
#include <numeric>
#include <vector>
#else
#include <cub/device/device_radix_sort.cuh>
#endif

namespace ordo::cuda {

/// Which of the `count` keys comes at each place when they rise, equal ones in their own order: in `order`, and the
/// keys themselves in `sorted`. Both lie in the context's room, and so do the numbers that were asked for beside them.
struct Sorted {
  const std::int32_t* order;
  const std::int32_t* sorted;
  float* numbers;
};

struct Count {
  std::int32_t* to;
  ORDO_DEVICE void operator()(std::int64_t i) const { to[i] = static_cast<std::int32_t>(i); }
};

/// rows: below `bound`.
inline Sorted sorted_rows(Context& context, std::span<const std::int32_t> rows, std::int64_t bound,
                          std::int64_t numbers) {
  const auto count = static_cast<std::int64_t>(rows.size());
#if defined(ORDO_EMULATE_CUDA)
  (void)bound;
  Pieces pieces(context.room(2 * Pieces::bytes<std::int32_t>(count) + Pieces::bytes<float>(numbers)));
  auto* order = pieces.take<std::int32_t>(count);
  auto* sorted = pieces.take<std::int32_t>(count);
  auto* beside = pieces.take<float>(numbers);
  emulated::queue_work([=] {
    std::iota(order, order + count, 0);
    std::stable_sort(order, order + count, [&](std::int32_t a, std::int32_t b) {
      return rows[static_cast<std::size_t>(a)] < rows[static_cast<std::size_t>(b)];
    });
    for (std::int64_t i = 0; i < count; ++i) sorted[i] = rows[static_cast<std::size_t>(order[i])];
  });
#else
  std::size_t bytes = 0;
  const int bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(bound)));
  const auto sort = [&](void* room, std::int32_t* sorted, const std::int32_t* in, std::int32_t* order) {
    check(cub::DeviceRadixSort::SortPairs(room, bytes, rows.data(), sorted, in, order, static_cast<int>(count), 0, bits,
                                          context.queue()),
          "sort");
  };
  sort(nullptr, nullptr, nullptr, nullptr);
  const auto own = static_cast<std::int64_t>(bytes);
  Pieces pieces(context.room(3 * Pieces::bytes<std::int32_t>(count) + Pieces::bytes<float>(numbers) +
                             Pieces::bytes<unsigned char>(own)));
  auto* order = pieces.take<std::int32_t>(count);
  auto* sorted = pieces.take<std::int32_t>(count);
  auto* beside = pieces.take<float>(numbers);
  auto* in = pieces.take<std::int32_t>(count);
  for_each(context.queue(), count, Count{in});
  sort(pieces.take<unsigned char>(own), sorted, in, order);
#endif
  return {order, sorted, beside};
}

}  // namespace ordo::cuda
