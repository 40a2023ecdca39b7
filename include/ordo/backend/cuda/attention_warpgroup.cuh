#pragma once
// Attention under a visibility rule with products of four warps and tiles copied by a unit of their own: what
// attention_matrix.cuh computes, on devices of compute capability 9.0 (Hopper), after FlashAttention-3 (Shah et al.
// 2024, arXiv:2407.08608). Where we differ: each tile is asked of the rule, and blocks do one tile of queries each.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <ordo/backend/cuda/attention_dropout.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_tiles.cuh>
#include <ordo/backend/cuda/running_softmax.cuh>
#include <ordo/backend/cuda/warpgroup_tiles.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

struct AttentionMaps {
  TileMap q;
  TileMap k;
  TileMap v;
};

namespace warpgroup {

inline constexpr int key_rows = 128;  // of a tile of keys

template <int D>
inline constexpr std::size_t attention_bytes = alignment + HeadTile<D, own_rows>::bytes +
                                               2 * stages* HeadTile<D, key_rows>::bytes +
                                               (1 + 4 * stages) * sizeof(Barrier);

/// See attention_warpgroup_kernel.
template <int D, bool Drops, class Rule, class Stored>
ORDO_DEVICE void attend(const AttentionMaps& maps, const AttentionCall<bf16, Stored>& call, Matrix<bf16> out,
                        Matrix<float> lse) {
  using namespace matrix;
  using Own = HeadTile<D, own_rows>;
  using Keys = HeadTile<D, key_rows>;
  const HeadPlace<bf16, Rule, Stored> place(call);
  const int q0 = (blocks_x() - 1 - block_x()) * own_rows;  // later queries see more, as a rule: they begin first
  const int q1 = min_of(q0 + own_rows, place.sequence.queries);
  if (place.rule == nullptr || q0 >= q1) return;
  const int keys = place.sequence.keys;
  const int tiles = (keys + key_rows - 1) / key_rows;
  const auto next = [&](int tile) {  // the first from here on that anybody sees
    while (tile < tiles && place.ask(q0, q1, tile * key_rows, min_of((tile + 1) * key_rows, keys)) == Tile::none) {
      ++tile;
    }
    return tile;
  };
  bf16* const queries = aligned_memory();
  bf16* const k_tiles = queries + Own::size;
  bf16* const v_tiles = k_tiles + stages * Keys::size;
  auto* const k_stages = reinterpret_cast<Stage*>(v_tiles + stages * Keys::size);
  Stage* const v_stages = k_stages + stages;
  auto* const own_there = reinterpret_cast<Barrier*>(v_stages + stages);
  if (thread_index() == 0) {
    start_stages(k_stages, 2 * stages);
    start_barrier(own_there, 1);
    show_barriers();
  }
  meet();

  if (group_index() == 0) {
    give_registers<copying_registers>();
    if (thread_index() == 0) {
      arrive_expecting(own_there, Own::bytes);
      Own::copy(maps.q, own_there, queries, place.column, place.row(q0));
      Turn turn;
      for (int tile = next(0); tile < tiles; tile = next(tile + 1)) {
        const auto copy = [&](const TileMap& map, Stage& stage, bf16* to) {
          await(&stage.empty, turn.phase ^ 1);
          arrive_expecting(&stage.full, Keys::bytes);
          Keys::copy(map, &stage.full, to, place.column,
                     static_cast<std::int64_t>(place.sequence.key_begin) + tile * key_rows);
        };
        copy(maps.k, k_stages[turn.stage], k_tiles + turn.stage * Keys::size);
        copy(maps.v, v_stages[turn.stage], v_tiles + turn.stage * Keys::size);
        turn.next();
      }
    }
  } else {
    take_registers<multiplying_registers>();
    const int first = (group_index() - 1) * group_rows;  // of this group's queries, in the tile
    const int g = lane() / 4;
    const int t = lane() % 4;
    const int own[2] = {q0 + first + warp_of_group() * 16 + g, q0 + first + warp_of_group() * 16 + g + 8};
    const std::int32_t slots[2] = {place.slot(min_of(own[0], q1 - 1)), place.slot(min_of(own[1], q1 - 1))};
    RunningSoftmax softmax(call.scale());
    float acc[D / 8][4];
    clear_sums(acc);
    float score[key_rows / 8][4];
    float shrink[2];
    std::uint32_t p[key_rows / 16][4];

    const auto start_scores = [&](const Turn& at) {
      start_inner<D, key_rows>(score, queries, first, k_tiles + at.stage * Keys::size);
      commit_products();
    };
    const auto start_values = [&](const Turn& at) {
      start_adding<D, key_rows>(acc, p, v_tiles + at.stage * Keys::size);
      commit_products();
    };
    const auto weigh = [&](int tile) {  // scores become probabilities, but for a factor
      ORDO_UNROLL
      for (int half = 0; half < 2; ++half) {
        const int k0 = tile * key_rows + half * 64;
        const int from = min_of(q0 + first, q1 - 1);
        if (k0 + 64 > keys || place.ask(from, min_of(q0 + first + group_rows, q1), k0, k0 + 64) != Tile::all) {
          hide(score, 8 * half, seen_bits([&](int n, bool second, int i) {
                 const int key = k0 + n * 8 + 2 * t + i;
                 return key < keys && place.rule->sees(second ? slots[1] : slots[0], key);
               }));
        }
      }
      softmax.take(score, shrink);
    };
    const auto keep = [&]([[maybe_unused]] int tile) {  // what dropout leaves, as it is multiplied
      if constexpr (Drops) {
        ORDO_UNROLL
        for (int half = 0; half < 2; ++half) {
          drop(score, 8 * half,
               kept_of_queries(call.dropout, place.sequence.sample, place.head, slots, tile * key_rows + half * 64),
               call.dropout.scale());
        }
      }
      all_as_a(score, p);
    };

    await(own_there, 0);
    int tile = next(0);
    if (tile < tiles) {
      Turn at;
      await(&k_stages[at.stage].full, at.phase);
      begin_products();
      start_scores(at);
      wait_for_products<0>();
      arrived(score);
      leave(k_stages[at.stage]);
      weigh(tile);
      keep(tile);
      for (int following = next(tile + 1); following < tiles; following = next(tile + 1)) {
        Turn ahead = at;
        ahead.next();
        await(&k_stages[ahead.stage].full, ahead.phase);
        begin_products();
        start_scores(ahead);
        await(&v_stages[at.stage].full, at.phase);
        begin_products();
        start_values(at);
        wait_for_products<1>();
        arrived(score);
        leave(k_stages[ahead.stage]);
        weigh(following);
        wait_for_products<0>();
        arrived(acc);
        leave(v_stages[at.stage]);
        ORDO_UNROLL
        for (int n = 0; n < D / 8; ++n) {
          ORDO_UNROLL
          for (int i = 0; i < 4; ++i) acc[n][i] *= shrink[i / 2];
        }
        keep(following);
        tile = following;
        at = ahead;
      }
      await(&v_stages[at.stage].full, at.phase);
      if ((tile + 1) * key_rows > keys)
        clear_rows<D, key_rows>({v_tiles + at.stage * Keys::size}, keys - tile * key_rows);
      begin_products();
      start_values(at);
      wait_for_products<0>();
      arrived(acc);
    }
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) {
      float inverse;
      float log_sum;
      softmax.finish(r, inverse, log_sum);
      if (own[r] >= q1) continue;
      const std::int64_t row = place.row(own[r]);
      store_row<D>(acc, r, out.row(row) + place.column, inverse);
      if (t == 0) lse.row(row)[place.head] = log_sum;
    }
  }
}

}  // namespace warpgroup

/// A block: 128 queries of one head of one sequence, 64 to a group of warps, while a thread of a third copies tiles of
/// 128 keys and values. The scores of a tile are multiplied while the softmax of the one before is worked out.
template <int D, bool Drops, class Rule, class Stored>
ORDO_KERNEL ORDO_THREADS(warpgroup::threads)
    attention_warpgroup_kernel(ORDO_CONSTANT const AttentionMaps maps, AttentionCall<bf16, Stored> call,
                               Matrix<bf16> out, Matrix<float> lse) {
  if constexpr (has_warpgroup_products) {
    warpgroup::attend<D, Drops, Rule>(maps, call, out, lse);
  } else {
    give_up();
  }
}

/// attention_matrix (see attention_matrix.cuh) on a device that has_warpgroup_products.
template <class Rule>
void attention_warpgroup(Queue queue, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const bf16> q,
                         Matrix<const bf16> k, Matrix<const bf16> v, Matrix<bf16> out, Matrix<float> lse) {
  const AttentionCall<bf16, Rule> call("attention", layout, dropout, q, k, v);
  matrix::check_rows("attention", {q, k, v, out});
  if (q.rows == 0) return;
  for_each_alternative<Rule>(layout.rules, [&]<class One>(const One*) {
    with_head_size(call.d, [&](auto head_size) {
      constexpr int d = head_size();
      const AttentionMaps maps{warpgroup::map_of<d>(q), warpgroup::map_of<d>(k), warpgroup::map_of<d>(v)};
      launch(queue,
             call.grid(call.most_queries, warpgroup::own_rows, warpgroup::threads, warpgroup::attention_bytes<d>),
             dropout.active() ? attention_warpgroup_kernel<d, true, One, Rule>
                              : attention_warpgroup_kernel<d, false, One, Rule>,
             maps, call, out, lse);
    });
  });
}

}  // namespace ordo::cuda
