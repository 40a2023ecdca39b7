#pragma once
// Operations on all the parameters at once, as one long vector.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>

namespace ordo {

namespace cpu {

inline constexpr std::int64_t vector_grain = 32768;  // a thread's least share of a long vector
inline constexpr std::int64_t vector_block = 4096;   // numbers that are worked on together: within the first cache

/// In double, in `parts` sums side by side.
[[nodiscard]] inline double sum_of_squares(const float* values, std::int64_t count) {
  constexpr std::int64_t parts = 32;
  double part[parts] = {};
  std::int64_t i = 0;
  for (; i + parts <= count; i += parts) {
    for (std::int64_t j = 0; j < parts; ++j) {
      const auto x = static_cast<double>(values[i + j]);
      part[j] += x * x;
    }
  }
  for (; i < count; ++i) part[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  double total = 0;
  for (const double p : part) total += p;
  return total;
}

}  // namespace cpu

/// Every value becomes `value`.
inline void fill(const Cpu& cpu, std::span<float> values, float value) {
  cpu::for_ranges(
      cpu, static_cast<std::int64_t>(values.size()), cpu::vector_grain, cpu::vector_block,
      [&](std::int64_t first, std::int64_t last) { std::fill(values.data() + first, values.data() + last, value); });
}

/// to = values. Both of one size.
inline void copy_values(const Cpu& cpu, std::span<const float> values, std::span<float> to) {
  cpu::for_ranges(cpu, static_cast<std::int64_t>(to.size()), cpu::vector_grain, cpu::vector_block,
                  [&](std::int64_t first, std::int64_t last) {
                    std::copy(values.data() + first, values.data() + last, to.data() + first);
                  });
}

/// *sum = the sum of squares, in double: it is compared with a bound on the gradient's norm. Summed over blocks of a
/// fixed size, then over the blocks in order, so it does not depend on the threads.
inline void squared_norm(const Cpu& cpu, std::span<const float> values, double* sum) {
  const auto count = static_cast<std::int64_t>(values.size());
  const std::int64_t block = std::max<std::int64_t>(cpu::vector_block, count / 1024);
  const std::int64_t blocks = (count + block - 1) / block;
  thread_local HostBuffer<double> partial(1026);
  double* sums = partial.data();
  cpu::for_ranges(cpu, blocks, cpu::vector_grain / block + 1, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      const std::int64_t size = std::min(block, count - b * block);
      sums[b] = cpu::sum_of_squares(values.data() + b * block, size);
    }
  });
  double total = 0;
  for (std::int64_t b = 0; b < blocks; ++b) total += sums[b];
  *sum = total;
}

/// *sum += sum_i weight[i] * values[i], in double and in order.
inline void add_weighted(const Cpu&, std::span<const float> weight, std::span<const float> values, double* sum) {
  double total = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    total += static_cast<double>(weight[i]) * static_cast<double>(values[i]);
  }
  *sum += total;
}

/// average = decay * average + (1 - decay) * values: an exponential moving average. Both of one size.
inline void blend(const Cpu& cpu, std::span<float> average, std::span<const float> values, double decay) {
  const auto keep = static_cast<float>(decay);
  const auto take = static_cast<float>(1 - decay);
  cpu::for_ranges(cpu, static_cast<std::int64_t>(average.size()), cpu::vector_grain, cpu::vector_block,
                  [&](std::int64_t first, std::int64_t last) {
                    float* to = average.data();
                    for (std::int64_t i = first; i < last; ++i) {
                      to[i] = keep * to[i] + take * values[static_cast<std::size_t>(i)];
                    }
                  });
}

}  // namespace ordo
