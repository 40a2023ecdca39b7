#pragma once
// Attention of a few queries to many keys: what a step of sampling asks of its cache. Every key and value is read once,
// by as many blocks as fill the device, each for a part of the keys (the way of Flash-Decoding, Dao et al. 2023); the
// last of them to be done joins the parts, in their order. The same numbers as attention's, but for rounding.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/tile.hpp>

namespace ordo::cuda {

namespace few {

inline constexpr int threads = 128;
inline constexpr std::int32_t most_queries = 4;  // above, tiles of queries read the keys fewer times

/// How the keys are cut, and the parts' results: row (query row * heads + head) * count + part holds the largest score,
/// the sum of exponentials beside it, and the D sums of weighted values.
struct Parts {
  float* numbers;
  int* arrived;  // (Q, H): how many parts are done
  int count;
  int keys;  // of each part

  template <int D>
  [[nodiscard]] ORDO_HD float* at(std::int64_t row, int heads, int head, int part) const {
    return numbers + ((row * heads + head) * count + part) * (D + 2);
  }
};

/// A softmax on its way: over the keys seen so far, eight columns of the weighted values.
struct Running {
  float best = -std::numeric_limits<float>::infinity();
  float sum = 0;
  float acc[8] = {};

  /// Joins another one over other keys.
  ORDO_DEVICE void join(float other_best, float other_sum, const float (&other)[8]) {
    const float top = other_best > best ? other_best : best;
    if (top == -std::numeric_limits<float>::infinity()) return;  // neither has seen a key
    const float mine = std::exp(best - top);
    const float theirs = std::exp(other_best - top);
    best = top;
    sum = sum * mine + other_sum * theirs;
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) acc[i] = acc[i] * mine + other[i] * theirs;
  }
  /// One that is kept as the largest score, the sum, and D columns, of which `own` is the first of these eight.
  template <int D>
  ORDO_DEVICE void join_kept(const float* kept, int own) {
    float other[8];
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) other[i] = kept[2 + own + i];
    join(kept[0], kept[1], other);
  }
};

}  // namespace few

/// A block: one query and one part of the keys, of one head of one sequence. D / 8 lanes share a key, eight columns
/// each, and so a warp takes 256 / D keys at a time. The block that is done last with a query's head joins its parts.
template <int D, class Rule, class A, class Stored>
ORDO_KERNEL attention_few_kernel(AttentionCall<A, Stored> call, few::Parts parts, Matrix<A> out, Matrix<float> lse) {
  constexpr int lanes_of_key = D / 8;
  constexpr int keys_of_warp = warp_size / lanes_of_key;
  await_queued();
  const HeadPlace<A, Rule, Stored> place(call);
  const int query = block_x() / parts.count;
  const int part = block_x() % parts.count;
  if (place.rule == nullptr || query >= place.sequence.queries) return;
  float* room = shared_memory<float>();  // (warps, D + 2)
  const int warps = block_threads() / warp_size;
  const int k0 = part * parts.keys;
  const int k1 = min_of(k0 + parts.keys, place.sequence.keys);
  const std::int32_t slot = place.slot(query);
  const Tile seen = k0 < k1 ? place.ask(query, query + 1, k0, k1) : Tile::none;
  const int own = lane() % lanes_of_key * 8;
  few::Running mine;
  float q[8];
  load_eight(call.q.row(place.row(query)) + place.column + own, q);
  ORDO_UNROLL
  for (int i = 0; i < 8; ++i) q[i] *= call.scale();
  for (int first = k0 + warp() * keys_of_warp; seen != Tile::none && first < k1; first += warps * keys_of_warp) {
    const int key = first + lane() / lanes_of_key;
    const std::int64_t row = static_cast<std::int64_t>(place.sequence.key_begin) + min_of(key, k1 - 1);
    float k[8];
    float v[8];
    load_eight(call.k.row(row) + place.column + own, k);
    load_eight(call.v.row(row) + place.column + own, v);
    float score = 0;
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) score += q[i] * k[i];
    ORDO_UNROLL
    for (int mask = 1; mask < lanes_of_key; mask *= 2) score += across(score, mask);
    if (key < k1 && (seen == Tile::all || place.rule->sees(slot, key))) mine.join(score, 1.0F, v);
  }
  ORDO_UNROLL
  for (int mask = lanes_of_key; mask < warp_size; mask *= 2) {
    float other[8];
    const float best = across(mine.best, mask);
    const float sum = across(mine.sum, mask);
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) other[i] = across(mine.acc[i], mask);
    mine.join(best, sum, other);
  }
  float* of_warp = room + warp() * (D + 2);
  if (lane() < lanes_of_key) {
    if (lane() == 0) {
      of_warp[0] = mine.best;
      of_warp[1] = mine.sum;
    }
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) of_warp[2 + own + i] = mine.acc[i];
  }
  meet();
  const bool joins = thread_index() < lanes_of_key;
  for (int w = 1; joins && w < warps; ++w) mine.join_kept<D>(room + w * (D + 2), own);
  const std::int64_t r = place.row(query);
  if (parts.count > 1) {
    float* to = parts.at<D>(r, call.heads, place.head, part);
    if (thread_index() == 0) {
      to[0] = mine.best;
      to[1] = mine.sum;
    }
    ORDO_UNROLL
    for (int i = 0; i < 8; ++i) {
      if (joins) to[2 + own + i] = mine.acc[i];
    }
    if (!is_last(parts.arrived + r * call.heads + place.head, parts.count, reinterpret_cast<int*>(room))) return;
    mine = {};
    for (int p = 0; joins && p < parts.count; ++p) mine.join_kept<D>(parts.at<D>(r, call.heads, place.head, p), own);
  }
  if (!joins) return;
  const float inverse = mine.sum > 0 ? 1.0F / mine.sum : 0.0F;
  ORDO_UNROLL
  for (int i = 0; i < 8; ++i) mine.acc[i] *= inverse;
  store_eight(out.row(r) + place.column + own, mine.acc);
  if (thread_index() == 0) lse.row(r)[place.head] = mine.best + std::log(mine.sum);  // log 0 where nothing is seen
}

/// Whether the kernel above takes this call: few queries for each sequence, no dropout, heads of a size that it is
/// compiled for, and rows that begin at multiples of 16 bytes.
template <class A, class Rule>
[[nodiscard]] bool takes_few(const AttentionLayout<Rule>& layout, const Dropout& dropout, Matrix<const A> q,
                             Matrix<const A> k, Matrix<const A> v, Matrix<A> out) {
  const int d = layout.head_size;
  const bool asks_few = layout.most_queries > 0 && layout.most_queries <= few::most_queries && layout.most_keys > 0;
  const auto aligned = [](const auto& m) {
    return m.stride * static_cast<std::int64_t>(sizeof(A)) % 16 == 0 &&
           reinterpret_cast<std::uintptr_t>(m.data) % 16 == 0;
  };
  return asks_few && !dropout.active() && is_head_size(d) && aligned(q) && aligned(k) && aligned(v) && aligned(out);
}

/// attention (see attention.cuh), where takes_few says so.
template <class A, class Rule>
void attention_few(Context& context, const AttentionLayout<Rule>& layout, Matrix<const A> q, Matrix<const A> k,
                   Matrix<const A> v, Matrix<A> out, Matrix<float> lse) {
  const AttentionCall<A, Rule> call("attention", layout, Dropout::off(), q, k, v);
  // Parts of the keys until there are some blocks for every multiprocessor of a large device, but not of so few keys
  // that joining them takes longer.
  constexpr std::int64_t enough_blocks = 512;
  constexpr std::int64_t least_keys = 64;
  const std::int64_t blocks = std::int64_t{call.count} * call.heads * call.most_queries;
  const std::int64_t wanted = std::max<std::int64_t>(1, enough_blocks / std::max<std::int64_t>(1, blocks));
  const std::int64_t keys = std::max(least_keys, (call.most_keys + wanted - 1) / wanted);
  const std::int64_t count = (call.most_keys + keys - 1) / keys;
  const std::int64_t numbers = q.rows * call.heads * count * (call.d + 2);
  Pieces pieces(context.room(Pieces::bytes<float>(numbers)));
  int* const arrived = context.counters(static_cast<std::size_t>(q.rows * call.heads));
  const few::Parts parts{pieces.take<float>(numbers), arrived, static_cast<int>(count), static_cast<int>(keys)};
  const Queue queue = context.queue();
  for_each_alternative<Rule>(layout.rules, [&]<class One>(const One*) {
    with_head_size(call.d, [&](auto head_size) {
      constexpr int d = head_size();
      const std::size_t bytes = few::threads / warp_size * (d + 2) * sizeof(float);
      const int queries = static_cast<int>(call.most_queries);
      launch_early(queue, {queries * parts.count, call.heads, call.count, few::threads, bytes},
                   attention_few_kernel<d, One, A, Rule>, call, parts, out, lse);
    });
  });
}

}  // namespace ordo::cuda
