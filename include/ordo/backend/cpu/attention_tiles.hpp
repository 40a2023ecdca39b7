#pragma once
// What attention's forward and backward passes share: tiles of queries and keys, and how a tile of scores is masked,
// exponentiated and dropped. No matrix of all queries by all keys ever exists.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/backend/cpu/dropout_draws.hpp>
#include <ordo/backend/cpu/product_tile.hpp>
#include <ordo/backend/cpu/simd.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/tile.hpp>

namespace ordo::cpu {

inline constexpr std::int64_t query_tile = 64;
inline constexpr std::int64_t key_tile = 64;  // a multiple of 8 (a block of dropout's draws) and of `lanes`
static_assert(key_tile % lanes == 0 && key_tile % tile_cols == 0);

[[nodiscard]] inline std::int64_t whole_lanes(std::int64_t count) { return (count + lanes - 1) / lanes * lanes; }

/// Cuts a thread's scratch into pieces, each aligned to a cache line.
class Pieces {
 public:
  explicit Pieces(float* from) : next_(from) {}
  [[nodiscard]] float* take(std::int64_t count) {
    float* piece = next_;
    next_ += room(count);
    return piece;
  }
  [[nodiscard]] static std::int64_t room(std::int64_t count) { return (count + 15) / 16 * 16; }

 private:
  float* next_;
};

/// to (count, whole_lanes(d)) = the rows, zeros behind their d columns.
inline void copy_rows(std::int64_t count, std::int64_t d, const float* from, std::int64_t from_row, float* to) {
  const std::int64_t to_row = whole_lanes(d);
  for (std::int64_t i = 0; i < count; ++i) {
    std::copy_n(from + i * from_row, d, to + i * to_row);
    std::fill(to + i * to_row + d, to + (i + 1) * to_row, 0.0F);
  }
}

/// to (d, key_tile) = scale * the transpose of `count` rows, zeros behind them.
inline void copy_keys(std::int64_t count, std::int64_t d, const float* from, std::int64_t from_row, float scale,
                      float* to) {
  if (count < key_tile) std::fill_n(to, d * key_tile, 0.0F);
  copy_transposed(count, d, from, from_row, scale, to, key_tile);
}

/// One sequence's part of a head: what a task works on.
struct HeadPlace {
  std::int64_t head = 0;
  std::int64_t column = 0;  // head * D
  std::int64_t d = 0;       // D
  float scale = 1;          // 1 / sqrt(D)
};

/// A tile of queries and keys of one sequence.
struct TilePlace {
  std::span<const std::int32_t> slots;  // of the tile's queries
  std::int64_t first_key = 0;
  std::int64_t keys = 0;

  [[nodiscard]] std::int64_t queries() const { return static_cast<std::int64_t>(slots.size()); }
  template <class Rule>
  [[nodiscard]] Tile ask(const Rule& rule) const {
    return rule.tile(slots.front(), slots.back() + 1, static_cast<std::int32_t>(first_key),
                     static_cast<std::int32_t>(first_key + keys));
  }
};

/// Calls work(tile, seen, first query) on the part of a tile that may be seen: all of it, or, where the rule is mixed,
/// strips of a few queries cut to the keys that they may see.
template <class Rule, class Work>
void for_seen(const Rule& rule, const TilePlace& whole, const Work& work) {
  constexpr std::int64_t strip = 16;  // queries
  constexpr std::int64_t grain = 16;  // keys
  static_assert(grain % lanes == 0 && grain % 8 == 0);
  const Tile seen = whole.ask(rule);
  if (seen == Tile::all) return work(whole, seen, 0);
  if (seen == Tile::none) return;
  for (std::int64_t i = 0; i < whole.queries(); i += strip) {
    const std::int64_t queries = std::min(strip, whole.queries() - i);
    const TilePlace row{whole.slots.subspan(static_cast<std::size_t>(i), static_cast<std::size_t>(queries)),
                        whole.first_key, whole.keys};
    const auto empty = [&](std::int64_t first) {
      const TilePlace piece{row.slots, row.first_key + first, std::min(grain, row.keys - first)};
      return piece.ask(rule) == Tile::none;
    };
    std::int64_t begin = 0;
    while (begin < row.keys && empty(begin)) begin += grain;
    if (begin >= row.keys) continue;
    std::int64_t end = (row.keys + grain - 1) / grain * grain;
    while (empty(end - grain)) end -= grain;
    const TilePlace cut{row.slots, row.first_key + begin, std::min(end, row.keys) - begin};
    work(cut, cut.ask(rule), i);
  }
}

/// Writes `value` into every place of a tile (queries, key_tile) that the rule does not let see, and behind its keys.
template <class Rule>
void hide(const Rule& rule, Tile tile, const TilePlace& place, float* scores, float value) {
  const std::int64_t end = whole_lanes(place.keys);
  for (std::int64_t i = 0; i < place.queries(); ++i) {
    float* row = scores + i * key_tile;
    if (tile == Tile::some) {
      const std::int32_t slot = place.slots[static_cast<std::size_t>(i)];
      for (std::int64_t j = 0; j < place.keys; ++j) {
        row[j] = rule.sees(slot, static_cast<std::int32_t>(place.first_key + j)) ? row[j] : value;
      }
    }
    for (std::int64_t j = place.keys; j < end; ++j) row[j] = value;
  }
}

/// The tile's draws (queries, whole blocks of 8 keys): rows are draws_row(keys) apart.
[[nodiscard]] inline std::int64_t draws_row(std::int64_t keys) { return (keys + 7) / 8 * 8; }
inline void tile_draws(const Dropout& dropout, std::uint64_t sample, std::int64_t head, const TilePlace& place,
                       std::uint16_t* draws) {
  dropout_draws(dropout, {&sample, 1}, static_cast<std::uint32_t>(head), place.slots,
                static_cast<std::uint32_t>(place.first_key / 8), static_cast<std::uint32_t>((place.keys + 7) / 8),
                draws);
}

/// Throws unless the layout, the matrices and the head size fit together. Returns the number of heads H.
template <class Rule>
std::int64_t check_attention(const char* where, const AttentionLayout<Rule>& layout, Matrix<const float> q,
                             Matrix<const float> k, Matrix<const float> v) {
  require(layout.head_size > 0 && q.cols % layout.head_size == 0, where, "the head size must divide the columns (got ",
          layout.head_size, " and ", q.cols, ")");
  require(k.cols == q.cols && v.cols == q.cols, where, "q, k and v must have the same columns (got ", q.cols, ", ",
          k.cols, " and ", v.cols, ")");
  const auto slots = static_cast<std::int64_t>(layout.query_slot.size());
  for (const AttentionSequence<Rule>& s : layout.sequences) {
    require(s.query_begin >= 0 && s.queries >= 0 && s.query_begin + s.queries <= std::min(q.rows, slots), where,
            "a sequence's queries end at row ", s.query_begin + s.queries, " of ", std::min(q.rows, slots));
    require(s.key_begin >= 0 && s.keys >= 0 && s.key_begin + s.keys <= std::min(k.rows, v.rows), where,
            "a sequence's keys end at row ", s.key_begin + s.keys, " of ", std::min(k.rows, v.rows));
  }
  return q.cols / layout.head_size;
}

}  // namespace ordo::cpu
