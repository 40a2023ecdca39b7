#pragma once
// The backward pass of attention, in tiles: probabilities are made again from the forward's lse (Dao et al. 2022,
// arXiv:2205.14135). One task is one head of one sequence, so every gradient has one writer.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include <ordo/backend/cpu/attention_tiles.hpp>
#include <ordo/backend/cpu/backend.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

namespace cpu {

/// The matrices of attention's backward pass.
struct AttentionGradient {
  Matrix<const float> q, k, v, out, lse, dout;
  Matrix<float> dq, dk, dv;
};

/// From a tile of scores s and of dp = dout . v (queries, key_tile): p = exp(s - lse) after dropout into `scores`, and
/// ds = p (dp - along), before dropout, into `dp`.
template <class Rule>
void tile_gradient(const Rule& rule, Tile seen, const TilePlace& tile, const Dropout& dropout, std::uint64_t sample,
                   std::int64_t head, const float* lse, const float* along, float* scores, float* dp) {
  const std::int64_t width = whole_lanes(tile.keys);
  const std::int64_t queries = tile.queries();
  for (std::int64_t i = 0; i < queries; ++i) {
    float* row = scores + i * key_tile;
    for (std::int64_t j = 0; j < width; j += lanes) store(row + j, exp(load(row + j) - lse[i]));
  }
  hide(rule, seen, tile, scores, 0.0F);
  if (!dropout.active()) {
    for (std::int64_t i = 0; i < queries; ++i) {
      for (std::int64_t j = i * key_tile; j < i * key_tile + width; j += lanes) {
        store(dp + j, load(scores + j) * (load(dp + j) - along[i]));
      }
    }
    return;
  }
  alignas(64) std::uint16_t draws[query_tile * key_tile];
  tile_draws(dropout, sample, head, tile, draws);
  const float scale = dropout.scale();
  const std::uint32_t threshold = dropout.threshold;
  for (std::int64_t i = 0; i < queries; ++i) {
    const std::uint16_t* draw = draws + i * draws_row(tile.keys);
    float* p = scores + i * key_tile;
    float* ds = dp + i * key_tile;
    for (std::int64_t j = 0; j < tile.keys; ++j) {
      const float factor = draw[j] >= threshold ? scale : 0.0F;
      ds[j] = p[j] * (factor * ds[j] - along[i]);
      p[j] *= factor;
    }
  }
}

/// One head of one sequence. Writes the rows of dq, dk and dv, or adds to those of dk and dv where `add`.
template <class Rule, class Sequence>
void attend_gradient(const Rule& rule, const Sequence& sequence, std::span<const std::int32_t> slots, HeadPlace place,
                     const Dropout& dropout, const AttentionGradient& g, bool add) {
  const std::int64_t d = place.d;
  const std::int64_t wide = whole_lanes(d);
  const std::int64_t queries = sequence.queries;
  struct Backward;
  Pieces pieces(scratch<Backward>(3 * Pieces::room(queries * wide) + 2 * Pieces::room(queries) +
                                  2 * key_tile * Pieces::room(d) + 3 * key_tile * wide + 2 * query_tile * key_tile));
  float* q = pieces.take(queries * wide);
  float* dout = pieces.take(queries * wide);
  float* dq = pieces.take(queries * wide);
  float* lse = pieces.take(queries);
  float* along = pieces.take(queries);  // dout . out, which is sum_j p_j dp_j
  float* k_transposed = pieces.take(d * key_tile);
  float* v_transposed = pieces.take(d * key_tile);
  float* k = pieces.take(key_tile * wide);
  float* dk = pieces.take(key_tile * wide);
  float* dv = pieces.take(key_tile * wide);
  float* scores = pieces.take(query_tile * key_tile);
  float* dp = pieces.take(query_tile * key_tile);

  if (queries > 0) {
    copy_rows(queries, d, g.q.row(sequence.query_begin) + place.column, g.q.stride, q);
    copy_rows(queries, d, g.dout.row(sequence.query_begin) + place.column, g.dout.stride, dout);
  }
  std::fill_n(dq, queries * wide, 0.0F);
  for (std::int64_t i = 0; i < queries; ++i) {
    const std::int64_t row = sequence.query_begin + i;
    const float sum = g.lse.row(row)[place.head];
    lse[i] = sum == -std::numeric_limits<float>::infinity() ? -sum : sum;  // sees nothing: exp(s - infinity) = 0
    along[i] = dot(g.dout.row(row) + place.column, g.out.row(row) + place.column, d);
  }
  for (std::int64_t first_key = 0; first_key < sequence.keys; first_key += key_tile) {
    const std::int64_t keys = std::min(key_tile, sequence.keys - first_key);
    const std::int64_t row = sequence.key_begin + first_key;
    copy_keys(keys, d, g.k.row(row) + place.column, g.k.stride, place.scale, k_transposed);
    copy_keys(keys, d, g.v.row(row) + place.column, g.v.stride, 1.0F, v_transposed);
    copy_rows(keys, d, g.k.row(row) + place.column, g.k.stride, k);
    std::fill_n(dk, keys * wide, 0.0F);
    std::fill_n(dv, keys * wide, 0.0F);
    for (std::int64_t i = 0; i < queries; i += query_tile) {
      const std::int64_t count = std::min(query_tile, queries - i);
      const TilePlace whole{slots.subspan(static_cast<std::size_t>(i), static_cast<std::size_t>(count)), first_key,
                            keys};
      for_seen(rule, whole, [&](const TilePlace& tile, Tile seen, std::int64_t query) {
        const std::int64_t rows = tile.queries();
        const std::int64_t width = whole_lanes(tile.keys);
        const std::int64_t at = i + query;                       // the first query
        const std::int64_t within = tile.first_key - first_key;  // the first key
        small_product(rows, width, d, {q + at * wide, wide, 1}, k_transposed + within, key_tile, scores, key_tile,
                      false);
        small_product(rows, width, d, {dout + at * wide, wide, 1}, v_transposed + within, key_tile, dp, key_tile,
                      false);
        tile_gradient(rule, seen, tile, dropout, sequence.sample, place.head, lse + at, along + at, scores, dp);
        small_product(tile.keys, wide, rows, {scores, 1, key_tile}, dout + at * wide, wide, dv + within * wide, wide,
                      true);
        small_product(tile.keys, wide, rows, {dp, 1, key_tile}, q + at * wide, wide, dk + within * wide, wide, true);
        small_product(rows, wide, tile.keys, {dp, key_tile, 1}, k + within * wide, wide, dq + at * wide, wide, true);
      });
    }
    for (std::int64_t j = 0; j < keys; ++j) {
      float* to_k = g.dk.row(row + j) + place.column;
      float* to_v = g.dv.row(row + j) + place.column;
      for (std::int64_t c = 0; c < d; ++c) {
        to_k[c] = (add ? to_k[c] : 0.0F) + place.scale * dk[j * wide + c];
        to_v[c] = (add ? to_v[c] : 0.0F) + dv[j * wide + c];
      }
    }
  }
  for (std::int64_t i = 0; i < queries; ++i) {
    float* to = g.dq.row(sequence.query_begin + i) + place.column;
    for (std::int64_t c = 0; c < d; ++c) to[c] = place.scale * dq[i * wide + c];
  }
}

/// True where the sequences' keys, and their queries, cover all rows exactly once, in order.
template <class Rule>
bool covers(const AttentionLayout<Rule>& layout, std::int64_t query_rows, std::int64_t key_rows) {
  std::int64_t query = 0;
  std::int64_t key = 0;
  for (const AttentionSequence<Rule>& s : layout.sequences) {
    if (s.query_begin != query || s.key_begin != key) return false;
    query += s.queries;
    key += s.keys;
  }
  return query == query_rows && key == key_rows;
}

}  // namespace cpu

/// The gradient, from the forward's out and lse; dropout must be the forward's. In each head, with p the
/// probabilities, f their dropout factors, and s the scores: dv_j += f_j p_j dout, dp_j = f_j (dout . v_j),
/// ds_j = p_j (dp_j - dout . out), as dout . out = sum_j p_j dp_j; dq, dk from ds.
/// All of dq (Q, H D) and dk, dv (S, H D) is overwritten: zero for keys that nobody sees.
template <class Rule>
void attention_gradient(const Cpu& cpu, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const float> q,
                        Matrix<const float> k, Matrix<const float> v, Matrix<const float> out, Matrix<const float> lse,
                        Matrix<const float> dout, Matrix<float> dq, Matrix<float> dk, Matrix<float> dv) {
  const std::int64_t heads = cpu::check_attention("attention_gradient", layout, q, k, v);
  const cpu::AttentionGradient g{q, k, v, out, lse, dout, dq, dk, dv};
  const float scale = 1.0F / std::sqrt(static_cast<float>(layout.head_size));
  const auto one = [&](std::size_t s, std::int64_t head, bool add) {
    const AttentionSequence<Rule>& sequence = layout.sequences[s];
    const auto slots = layout.query_slot.subspan(static_cast<std::size_t>(sequence.query_begin),
                                                 static_cast<std::size_t>(sequence.queries));
    const cpu::HeadPlace place{head, head * layout.head_size, layout.head_size, scale};
    visit_rule(sequence.rule,
               [&](const auto& rule) { cpu::attend_gradient(rule, sequence, slots, place, dropout, g, add); });
  };
  if (cpu::covers(layout, dq.rows, dk.rows)) {
    cpu::for_tasks(cpu, static_cast<std::int64_t>(layout.sequences.size()) * heads,
                   [&](std::int64_t i) { one(static_cast<std::size_t>(i / heads), i % heads, false); });
    return;
  }
  for (const Matrix<float>& gradient : {dq, dk, dv}) {  // rows of no sequence; rows of several add up, in order
    for (std::int64_t r = 0; r < gradient.rows; ++r) std::fill_n(gradient.row(r), gradient.cols, 0.0F);
  }
  cpu::for_tasks(cpu, heads, [&](std::int64_t head) {
    for (std::size_t s = 0; s < layout.sequences.size(); ++s) one(s, head, true);
  });
}

}  // namespace ordo
