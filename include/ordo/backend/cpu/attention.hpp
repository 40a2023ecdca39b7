#pragma once
// Attention under a visibility rule, in tiles, with an online softmax (Milakov and Gimelshein 2018, arXiv:1805.02867;
// Dao et al. 2022, "FlashAttention", arXiv:2205.14135). A tile that the rule promises to be empty is skipped, and
// only a mixed one is asked pair by pair. The backward pass is attention_gradient.hpp.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <ordo/backend/cpu/attention_gradient.hpp>
#include <ordo/backend/cpu/attention_tiles.hpp>
#include <ordo/backend/cpu/backend.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

namespace cpu {

/// Queries on their way through the keys; `lanes` of them at a time, so there is room for whole groups.
struct RunningSoftmax {
  float* largest;  // (queries) of the scores so far
  float* total;    // (queries) sum of exp(score - largest)
  float* out;      // (queries, whole_lanes(D)) sum of exp(score - largest) * v

  [[nodiscard]] RunningSoftmax from(std::int64_t query, std::int64_t wide) const {
    return {largest + query, total + query, out + query * wide};
  }
};

/// Turns the scores (queries, key_tile) into exp(score - largest so far), and what came before to the same scale.
inline void advance(RunningSoftmax running, std::int64_t queries, std::int64_t keys, std::int64_t wide, float* scores) {
  const std::int64_t width = whole_lanes(keys);
  for (std::int64_t i = 0; i < queries; i += lanes) {
    Lanes each[lanes];  // one query each; after transposing, one query in each lane
    for (int r = 0; r < lanes; ++r) {
      const float* row = scores + (i + r) * key_tile;
      each[r] = load(row);
      for (std::int64_t j = lanes; j < width; j += lanes) each[r] = larger(each[r], load(row + j));
    }
    transpose(each);
    const Lanes before = load(running.largest + i);
    Lanes now = before;
    for (const Lanes& top : each) now = larger(now, top);
    store(running.largest + i, now);
    const Lanes nothing = broadcast(-std::numeric_limits<float>::infinity());
    const Lanes base = now == nothing ? Lanes{} : now;  // nothing seen yet: exp gives zeros
    const Lanes shrink = exp(before - base);
    for (int r = 0; r < lanes; ++r) {
      float* row = scores + (i + r) * key_tile;
      each[r] = Lanes{};
      for (std::int64_t j = 0; j < width; j += lanes) {
        const Lanes e = exp(load(row + j) - base[r]);
        store(row + j, e);
        each[r] += e;
      }
    }
    transpose(each);
    Lanes total = load(running.total + i) * shrink;
    for (const Lanes& part : each) total += part;
    store(running.total + i, total);
    for (std::int64_t r = 0; r < std::min<std::int64_t>(lanes, queries - i); ++r) {
      float* out = running.out + (i + r) * wide;
      if (shrink[r] == 1.0F) continue;
      for (std::int64_t c = 0; c < wide; c += lanes) store(out + c, load(out + c) * shrink[r]);
    }
  }
}

/// One head of one sequence, queries `first` .. `first + count - 1` of it.
template <class Rule, class Sequence>
void attend(const Rule& rule, const Sequence& sequence, std::span<const std::int32_t> slots, HeadPlace place,
            std::int64_t first, std::int64_t count, const Dropout& dropout, Matrix<const float> q,
            Matrix<const float> k, Matrix<const float> v, Matrix<float> out, Matrix<float> lse) {
  const std::int64_t d = place.d;
  const std::int64_t wide = whole_lanes(d);
  const std::int64_t keys = sequence.keys;
  const std::int64_t key_tiles = (keys + key_tile - 1) / key_tile;
  struct Forward;
  Pieces pieces(scratch<Forward>(Pieces::room(key_tiles * d * key_tile) + Pieces::room(keys * wide) +
                                 query_tile * (key_tile + wide + 2)));
  float* k_transposed = pieces.take(key_tiles * d * key_tile);
  float* values = pieces.take(keys * wide);
  float* scores = pieces.take(query_tile * key_tile);
  const RunningSoftmax running{pieces.take(query_tile), pieces.take(query_tile), pieces.take(query_tile * wide)};
  for (std::int64_t t = 0; t < key_tiles; ++t) {
    copy_keys(std::min(key_tile, keys - t * key_tile), d, k.row(sequence.key_begin + t * key_tile) + place.column,
              k.stride, place.scale, k_transposed + t * d * key_tile);
  }
  if (keys > 0) copy_rows(keys, d, v.row(sequence.key_begin) + place.column, v.stride, values);

  for (std::int64_t i = first; i < first + count; i += query_tile) {
    const std::int64_t queries = std::min(query_tile, first + count - i);
    const std::int64_t row = sequence.query_begin + i;
    std::fill_n(running.largest, query_tile, -std::numeric_limits<float>::infinity());
    std::fill_n(running.total, query_tile, 0.0F);
    std::fill_n(running.out, queries * wide, 0.0F);
    for (std::int64_t t = 0; t < key_tiles; ++t) {
      const TilePlace whole{slots.subspan(static_cast<std::size_t>(i), static_cast<std::size_t>(queries)), t * key_tile,
                            std::min(key_tile, keys - t * key_tile)};
      for_seen(rule, whole, [&](const TilePlace& tile, Tile seen, std::int64_t query) {
        const std::int64_t within = tile.first_key - whole.first_key;
        const RunningSoftmax here = running.from(query, wide);
        small_product(tile.queries(), whole_lanes(tile.keys), d, {q.row(row + query) + place.column, q.stride, 1},
                      k_transposed + t * d * key_tile + within, key_tile, scores, key_tile, false);
        hide(rule, seen, tile, scores, -std::numeric_limits<float>::infinity());
        advance(here, tile.queries(), tile.keys, wide, scores);
        if (dropout.active()) {
          alignas(64) std::uint16_t draws[query_tile * key_tile];
          tile_draws(dropout, sequence.sample, place.head, tile, draws);
          for (std::int64_t r = 0; r < tile.queries(); ++r) {
            float* p = scores + r * key_tile;
            drop(draws + r * draws_row(tile.keys), dropout.threshold, 1.0F, p, p, tile.keys);
          }
        }
        small_product(tile.queries(), wide, tile.keys, {scores, key_tile, 1}, values + tile.first_key * wide, wide,
                      here.out, wide, true);
      });
    }
    for (std::int64_t r = 0; r < queries; ++r) {
      const float total = running.total[r];
      const float factor = total > 0 ? (dropout.active() ? dropout.scale() : 1.0F) / total : 0.0F;
      float* to = out.row(row + r) + place.column;
      for (std::int64_t c = 0; c < d; ++c) to[c] = factor * running.out[r * wide + c];
      lse.row(row + r)[place.head] = running.largest[r] + std::log(total);  // -infinity where nothing is seen
    }
  }
}

}  // namespace cpu

/// out[r] = sum over seen keys of p_j v_j in each head, p = softmax(q . k / sqrt(D)), after dropout on p;
/// lse[r, h] = log sum_j exp(q . k_j / sqrt(D)). A query that sees nothing gets zeros, and lse = -infinity.
/// q, out (Q, H D), k, v (S, H D), lse (Q, H).
template <class Rule>
void attention(const Cpu& cpu, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const float> q,
               Matrix<const float> k, Matrix<const float> v, Matrix<float> out, Matrix<float> lse) {
  const std::int64_t heads = cpu::check_attention("attention", layout, q, k, v);
  constexpr std::int64_t chunk = 8 * cpu::query_tile;  // queries of a task: long sequences are shared out
  struct Task {
    std::size_t sequence;
    std::int64_t first;
  };
  thread_local std::vector<Task> list;
  list.clear();
  for (std::size_t s = 0; s < layout.sequences.size(); ++s) {
    for (std::int64_t i = 0; i < layout.sequences[s].queries; i += chunk) list.push_back({s, i});
  }
  const std::vector<Task>& tasks = list;  // the caller's, also on other threads
  const float scale = 1.0F / std::sqrt(static_cast<float>(layout.head_size));
  cpu::for_tasks(cpu, static_cast<std::int64_t>(tasks.size()) * heads, [&, &tasks = tasks](std::int64_t i) {
    const Task task = tasks[static_cast<std::size_t>(i / heads)];
    const std::int64_t head = i % heads;
    const AttentionSequence<Rule>& sequence = layout.sequences[task.sequence];
    const auto slots = layout.query_slot.subspan(static_cast<std::size_t>(sequence.query_begin),
                                                 static_cast<std::size_t>(sequence.queries));
    const cpu::HeadPlace place{head, head * layout.head_size, layout.head_size, scale};
    visit_rule(sequence.rule, [&](const auto& rule) {
      cpu::attend(rule, sequence, slots, place, task.first,
                  std::min<std::int64_t>(chunk, sequence.queries - task.first), dropout, q, k, v, out, lse);
    });
  });
}

}  // namespace ordo
