#pragma once
// What softmax says of rows of logits, in double: by one block a row, or where rows are long by a block for each part,
// joined in their order.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/core/certainty.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

/// A row of logits, or a part of one, and its softmax, up to a factor: a logit of `highest` has mass 1. That is the
/// largest, or 0 where that is -infinity.
struct LogitRow {
  const float* logits;
  int count;
  float highest;
  double temperature;

  [[nodiscard]] ORDO_DEVICE double mass_of(float logit) const {
    return std::exp((static_cast<double>(logit) - static_cast<double>(highest)) / temperature);
  }
  [[nodiscard]] ORDO_DEVICE double mass(int i) const { return mass_of(logits[i]); }
  /// A number for each logit, in the same order; -0 and 0 have the same.
  [[nodiscard]] ORDO_DEVICE static std::uint32_t key_of(float logit) {
    const auto bits = std::bit_cast<std::uint32_t>(logit + 0.0F);
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  }
  [[nodiscard]] ORDO_DEVICE static float logit_of(std::uint32_t key) {
    return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7fffffffU : ~key);
  }
  [[nodiscard]] ORDO_DEVICE std::uint32_t key(int i) const { return key_of(logits[i]); }
};

/// The sums over the block of N numbers of each thread, in a fixed order; `room` (warps, N) is shared memory.
template <int N>
ORDO_DEVICE void block_sums(double (&values)[N], double* room) {
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) values[n] = warp_sum(values[n]);
  meet();  // the room may hold earlier sums
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    if (lane() == 0) room[warp() * N + n] = values[n];
  }
  meet();
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    values[n] = 0;
    for (int w = 0; w < block_threads() / warp_size; ++w) values[n] += room[w * N + n];
  }
}

/// What softmax has of a whole row.
struct RowFacts {
  int top;        ///< the first of the largest logits
  float first;    ///< the largest
  float second;   ///< the largest of the others
  double plain;   ///< sum of exp(logit - highest)
  double moment;  ///< sum of that times logit - highest

  [[nodiscard]] ORDO_DEVICE Certainty certainty() const {
    const double gap = static_cast<double>(second) - static_cast<double>(first);
    const double all = plain > 0 ? plain : std::numeric_limits<double>::quiet_NaN();
    const double entropy = std::log(all) - moment / all;
    return {1 / all, (1 - std::exp(gap)) / all, entropy > 0 ? entropy : 0};
  }
};

/// The largest logit, the first place where it stands, and the largest of the others.
struct Largest {
  float first = -std::numeric_limits<float>::infinity();
  float second = -std::numeric_limits<float>::infinity();
  int at;

  ORDO_DEVICE void add(float next_first, float next_second, int place) {
    if (next_first > first) {
      second = first > next_second ? first : next_second;
      first = next_first;
      at = place;
    } else if (next_first > second) {
      second = next_first;
    }
  }
  /// Of all threads of the block, whose own are of places that rise; every place is below `count`.
  ORDO_DEVICE void join(int count, double* room) {
    const float highest = block_max(first, reinterpret_cast<float*>(room));
    const int top = -block_max(first == highest ? -at : 1 - count, reinterpret_cast<int*>(room));
    second = block_max(at == top ? second : first, reinterpret_cast<float*>(room));
    first = highest;
    at = top;
  }
};

/// By a block of at least two warps; sets the row's highest. `room` (warps, 2) is shared memory.
ORDO_DEVICE RowFacts facts_of(LogitRow& row, double* room) {
  constexpr float nothing = -std::numeric_limits<float>::infinity();
  Largest largest{.at = thread_index() < row.count ? thread_index() : row.count - 1};
  for (int i = thread_index(); i < row.count; i += block_threads()) largest.add(row.logits[i], nothing, i);
  largest.join(row.count, room);
  row.highest = largest.first == nothing ? 0.0F : largest.first;
  double sums[2] = {};
  for (int i = thread_index(); i < row.count; i += block_threads()) {
    const double e = row.mass(i);
    sums[0] += e;
    if (e > 0) sums[1] += e * (static_cast<double>(row.logits[i]) - static_cast<double>(row.highest));
  }
  block_sums(sums, room);
  return {largest.at, largest.first, largest.second, sums[0], sums[1]};
}

/// The mass of a row at the temperature that it has. `room` (warps) is shared memory.
ORDO_DEVICE double mass_of_row(const LogitRow& row, double* room) {
  double sum = 0;
  for (int i = thread_index(); i < row.count; i += block_threads()) sum += row.mass(i);
  return block_sum(sum, room);
}

inline constexpr int part_logits = 2048;  // of a row that is cut

/// A part of a row by itself.
struct PartFacts {
  RowFacts facts;  // `top` counts from the part's beginning
  double total;    // its mass at the temperature of a draw
};

/// Into parts (rows, P): a block of at least two warps for each.
ORDO_KERNEL part_facts_kernel(Matrix<const float> logits, double temperature, PartFacts* parts) {
  await_queued();
  double* room = shared_memory<double>();  // (warps, 2)
  const int begin = block_y() * part_logits;
  const int left = static_cast<int>(logits.cols) - begin;
  LogitRow row{logits.row(block_x()) + begin, left < part_logits ? left : part_logits, 0, 1};
  const RowFacts facts = facts_of(row, room);
  double total = facts.plain;
  if (temperature != 1 && temperature != 0) {
    row.temperature = temperature;
    total = mass_of_row(row, room);
  }
  const int count = static_cast<int>((logits.cols + part_logits - 1) / part_logits);
  if (thread_index() == 0) parts[static_cast<std::int64_t>(block_x()) * count + block_y()] = {facts, total};
}

/// What the parts of a row say together; sets the row's highest, and masses[p] to the mass of part p at `temperature`.
/// By a block of at least two warps; room (warps, 2) and masses (count) are shared memory.
ORDO_DEVICE RowFacts joined_facts(LogitRow& row, const PartFacts* parts, int count, double temperature, double* room,
                                  double* masses) {
  constexpr float nothing = -std::numeric_limits<float>::infinity();
  Largest largest{.at = row.count - 1};
  for (int p = thread_index(); p < count; p += block_threads()) {
    const RowFacts& facts = parts[p].facts;
    if (p == thread_index()) largest.at = p * part_logits + facts.top;
    largest.add(facts.first, facts.second, p * part_logits + facts.top);
  }
  largest.join(row.count, room);
  row.highest = largest.first == nothing ? 0.0F : largest.first;
  double sums[2] = {};
  for (int p = thread_index(); p < count; p += block_threads()) {
    const RowFacts& facts = parts[p].facts;
    if (facts.first == nothing) {  // all are ruled out, or no numbers: 0, or no number
      sums[0] += facts.plain;
      masses[p] = parts[p].total;
      continue;
    }
    const double below = static_cast<double>(facts.first) - static_cast<double>(row.highest);
    const double shrink = std::exp(below);
    sums[0] += shrink * facts.plain;
    if (shrink > 0) sums[1] += shrink * (facts.moment + below * facts.plain);
    masses[p] = (temperature == 1 ? shrink : std::exp(below / temperature)) * parts[p].total;
  }
  block_sums(sums, room);  // the block meets: all see the masses
  return {largest.at, largest.first, largest.second, sums[0], sums[1]};
}

inline constexpr int row_threads = 512;  // of a block for a row, at most

/// How rows of logits are worked on: a block for each, after one for each part where they are cut.
struct RowBlocks {
  int parts;  // 0: rows are not cut
  Grid of_parts;
  Grid of_rows;

  /// `room`: numbers of shared memory that each warp of a row's block takes, 2 at least.
  RowBlocks(const Matrix<const float>& logits, std::int64_t room)
      : parts(logits.cols > 2 * part_logits ? static_cast<int>((logits.cols + part_logits - 1) / part_logits) : 0) {
    constexpr std::int64_t each = 16;  // logits of a thread, for as many threads as that gives within bounds
    const auto warps = std::clamp<std::int64_t>(logits.cols / (each * warp_size), 2, row_threads / warp_size);
    const auto rows = static_cast<int>(logits.rows);
    constexpr int part_threads = 256;
    of_parts = {rows, parts, 1, part_threads, part_threads / warp_size * 2 * sizeof(double)};
    of_rows = {rows, 1, 1, static_cast<int>(warps) * warp_size,
               static_cast<std::size_t>(warps * room + parts) * sizeof(double)};
  }
};

/// Queues the facts of the parts; none where rows are not cut. They lie in the context's room.
template <class A>
[[nodiscard]] const PartFacts* part_facts(const CudaBackend<A>& b, const RowBlocks& blocks, Matrix<const float> logits,
                                          double temperature) {
  if (blocks.parts == 0) return nullptr;
  const std::int64_t count = logits.rows * blocks.parts;
  auto* parts = Pieces(b.context().room(Pieces::bytes<PartFacts>(count))).template take<PartFacts>(count);
  launch_early(b.queue(), blocks.of_parts, part_facts_kernel, logits, temperature, parts);
  return parts;
}

}  // namespace ordo::cuda
