#pragma once
// What attention's kernels share: where a block's tile lies, what it may see, and how it comes into shared memory.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/tile.hpp>

namespace ordo::cuda {

inline constexpr int attention_threads = 128;
inline constexpr int rows_of_warp = 4;
inline constexpr int row_tile = attention_threads / warp_size * rows_of_warp;  // of what a block works out
inline constexpr int lane_tile = warp_size;                                    // of what its lanes walk through

/// Calls f with the number of columns that a lane holds, as a constant: 1 to 4 for heads of up to 128 columns.
template <class F>
void with_columns(int d, const F& f) {
  switch ((d + warp_size - 1) / warp_size) {
    case 1: return f(std::integral_constant<int, 1>{});
    case 2: return f(std::integral_constant<int, 2>{});
    case 3: return f(std::integral_constant<int, 3>{});
    default: return f(std::integral_constant<int, 4>{});
  }
}

// The head sizes that kernels for matrix units, and those for few queries, are compiled for. A program that needs one
// of them alone may say so, in all of its files, and compiles sooner.
#if !defined(ORDO_CUDA_HEAD_SIZES)
#define ORDO_CUDA_HEAD_SIZES 32, 64, 128
#endif
inline constexpr int head_sizes[] = {ORDO_CUDA_HEAD_SIZES};
static_assert(std::ranges::all_of(head_sizes, [](int d) { return d == 32 || d == 64 || d == 128; }),
              "ORDO_CUDA_HEAD_SIZES are among 32, 64 and 128");
static_assert(std::ranges::adjacent_find(head_sizes, std::ranges::greater_equal{}) == std::end(head_sizes),
              "ORDO_CUDA_HEAD_SIZES rise");

[[nodiscard]] constexpr bool is_head_size(int d) { return std::ranges::find(head_sizes, d) != std::end(head_sizes); }

/// Calls f with the head size as a constant. Throws where it is none of the above.
template <class F>
void with_head_size(int d, const F& f) {
  if (!is_head_size(d)) {
    std::string sizes;
    for (const int& size : head_sizes) {
      const bool last = &size + 1 == std::end(head_sizes);
      sizes += (sizes.empty() ? "" : last ? " or " : ", ") + std::to_string(size);
    }
    fail("attention", "in bf16 the head size must be ", sizes, std::size(head_sizes) < 3 ? " in this program" : "",
         " (got ", d, ")");
  }
  const auto call = [&]<int... D>(std::integer_sequence<int, D...>) {
    ((d == D ? f(std::integral_constant<int, D>{}) : void()), ...);
  };
  call(std::integer_sequence<int, ORDO_CUDA_HEAD_SIZES>{});
}

template <class R>
ORDO_DEVICE R dot(const R* a, const R* b, int count) {
  R sum = 0;
  for (int i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}
ORDO_DEVICE int min_of(int a, int b) { return a < b ? a : b; }

/// What a kernel is told of a call. Stored: the rule as it lies in the layout, perhaps one of several.
template <class R, class Stored>
struct AttentionCall {
  Matrix<const R> q;
  Matrix<const R> k;
  Matrix<const R> v;
  const AttentionSequence<Stored>* sequences = nullptr;
  const std::int32_t* query_slot = nullptr;
  Dropout dropout;
  int d = 0;  // D
  int heads = 0;
  int count = 0;  // of sequences
  std::int64_t most_queries = 0;
  std::int64_t most_keys = 0;

  AttentionCall(const char* where, const AttentionLayout<Stored>& layout, Dropout drop, Matrix<const R> queries,
                Matrix<const R> keys, Matrix<const R> values)
      : q(queries),
        k(keys),
        v(values),
        sequences(layout.sequences.data()),
        query_slot(layout.query_slot.data()),
        dropout(drop),
        d(layout.head_size),
        count(static_cast<int>(layout.sequences.size())) {
    require(d > 0 && q.cols % d == 0, where, "the head size must divide the columns (got ", d, " and ", q.cols, ")");
    require(d <= 128, where, "heads have at most 128 columns on a GPU (got ", d, ")");
    require(k.cols == q.cols && v.cols == q.cols, where, "q, k and v must have the same columns (got ", q.cols, ", ",
            k.cols, " and ", v.cols, ")");
    heads = static_cast<int>(q.cols / d);
    most_queries = layout.most_queries > 0 ? layout.most_queries : q.rows;
    most_keys = layout.most_keys > 0 ? layout.most_keys : k.rows;
    constexpr int most = 65535;  // blocks along a grid's y and z
    require(heads <= most && count <= most, where, "a GPU takes at most ", most, " heads and sequences at a time (got ",
            heads, " and ", count, ")");
  }

  /// Columns of a row in shared memory: whole warps, and one more so that lanes that read the same column of different
  /// rows meet different banks.
  [[nodiscard]] ORDO_HD int padded() const { return (d + warp_size - 1) / warp_size * warp_size + 1; }
  [[nodiscard]] ORDO_HD std::size_t shared(int rows) const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded()) * sizeof(R);
  }
  [[nodiscard]] ORDO_DEVICE float scale() const { return 1.0F / std::sqrt(static_cast<float>(d)); }
  /// A block for every tile of `tile` rows that the longest sequence has, each head and each sequence: those beyond a
  /// sequence's own end have nothing to do.
  [[nodiscard]] Grid grid(std::int64_t most_rows, int tile, int threads, std::size_t bytes) const {
    return {static_cast<int>((most_rows + tile - 1) / tile), heads, count, threads, bytes};
  }
};

/// One head of one sequence: the y-th and the z-th of the grid.
template <class R, class Rule, class Stored>
struct HeadPlace {
  const AttentionCall<R, Stored>& call;
  const AttentionSequence<Stored>& sequence;
  const Rule* rule;  // nullptr: this sequence is another kernel's
  int head;
  int column;  // of the head's first

  ORDO_DEVICE explicit HeadPlace(const AttentionCall<R, Stored>& c)
      : call(c),
        sequence(c.sequences[block_z()]),
        rule(rule_as<Rule>(sequence.rule)),
        head(block_y()),
        column(head * c.d) {}

  [[nodiscard]] ORDO_DEVICE std::int64_t row(int query) const { return sequence.query_begin + query; }
  [[nodiscard]] ORDO_DEVICE std::int32_t slot(int query) const { return call.query_slot[row(query)]; }
  /// What queries q0 .. q1 - 1 see of keys k0 .. k1 - 1.
  [[nodiscard]] ORDO_DEVICE Tile ask(int q0, int q1, int k0, int k1) const {
    return rule->tile(slot(q0), slot(q1 - 1) + 1, k0, k1);
  }
  [[nodiscard]] ORDO_DEVICE bool sees(Tile seen, int query, int key) const {
    if (query >= sequence.queries || key >= sequence.keys) return false;
    return seen == Tile::all || rule->sees(slot(query), key);
  }
  /// What dropout multiplies the probability of a pair that is seen by: 0, or 1 / (1 - rate).
  [[nodiscard]] ORDO_DEVICE float factor(int query, int key) const {
    if (!call.dropout.active()) return 1;
    const bool kept = call.dropout.keeps(sequence.sample, static_cast<std::uint32_t>(head),
                                         static_cast<std::uint32_t>(slot(query)), static_cast<std::uint32_t>(key));
    return kept ? call.dropout.scale() : 0.0F;
  }
  /// to (rows, padded): queries first .. of a matrix with a row for each query; zeros behind the last one.
  ORDO_DEVICE void load_queries(Matrix<const R> from, int first, int rows, R* to) const {
    load(from, row(first), sequence.queries - first, rows, to);
  }
  /// The same of a matrix with a row for each key.
  ORDO_DEVICE void load_keys(Matrix<const R> from, int first, int rows, R* to) const {
    load(from, static_cast<std::int64_t>(sequence.key_begin) + first, sequence.keys - first, rows, to);
  }

 private:
  ORDO_DEVICE void load(Matrix<const R> from, std::int64_t first, int count, int rows, R* to) const {
    const int width = call.padded();
    for (int i = thread_index(); i < rows * width; i += block_threads()) {
      const int r = i / width;
      const int c = i % width;
      to[i] = r < count && c < call.d ? from.row(first + r)[column + c] : R(0);
    }
  }
};

}  // namespace ordo::cuda
