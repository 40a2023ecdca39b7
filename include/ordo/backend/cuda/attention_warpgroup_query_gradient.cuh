#pragma once
// The gradient of attention_warpgroup: dq, by one pass over the keys.

#include <cstdint>

#include <ordo/backend/cuda/attention_dropout.cuh>
#include <ordo/backend/cuda/attention_past.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/block.cuh>
#include <ordo/backend/cuda/matrix_tiles.cuh>
#include <ordo/backend/cuda/running_softmax.cuh>
#include <ordo/backend/cuda/tensor_copy.cuh>
#include <ordo/backend/cuda/warpgroup.cuh>
#include <ordo/backend/cuda/warpgroup_room.cuh>
#include <ordo/backend/cuda/warpgroup_tiles.cuh>
#include <ordo/core/bf16.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/tile.hpp>

namespace ordo::cuda {

namespace warpgroup {

/// See attention_warpgroup_query_gradient_kernel.
template <int D, bool Drops, class Rule, class Stored>
ORDO_DEVICE void query_gradient(const GradientMaps& maps, const AttentionCall<bf16, Stored>& call,
                                AttentionPast<bf16> past, Matrix<bf16> dq) {
  using namespace matrix;
  constexpr int rows = passing_keys<D>;
  const HeadPlace<bf16, Rule, Stored> place(call);
  const int q0 = (blocks_x() - 1 - block_x()) * own_rows;
  const int q1 = min_of(q0 + own_rows, place.sequence.queries);
  if (place.rule == nullptr || q0 >= q1) return;
  const int keys = place.sequence.keys;
  const int tiles = (keys + rows - 1) / rows;
  const auto next = [&](int tile) {
    while (tile < tiles && place.ask(q0, q1, tile * rows, min_of((tile + 1) * rows, keys)) == Tile::none) ++tile;
    return tile;
  };
  const Room<D, rows> room;
  room.start(1);

  if (group_index() == 0) {
    give_registers<copying_registers>();
    if (thread_index() == 0) {
      room.copy_own(maps.q, maps.dout, place.column, place.row(q0));
      Turn turn;
      for (int tile = next(0); tile < tiles; tile = next(tile + 1)) {
        await(&room.stage[turn.stage].empty, turn.phase ^ 1);
        room.copy(maps.k, maps.v, turn.stage, place.column,
                  static_cast<std::int64_t>(place.sequence.key_begin) + tile * rows);
        turn.next();
      }
    }
  } else {
    take_registers<multiplying_registers>();
    const int first = (group_index() - 1) * group_rows;
    const int g = lane() / 4;
    const int t = lane() % 4;
    const int own[2] = {q0 + first + warp_of_group() * 16 + g, q0 + first + warp_of_group() * 16 + g + 8};
    std::int32_t slots[2];
    float lse_log2[2];
    float along[2];
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) {
      const int query = min_of(own[r], q1 - 1);
      slots[r] = place.slot(query);
      lse_log2[r] = in_log2(past.lse.row(place.row(query))[place.head]);
      along[r] = past.along.row(place.row(query))[place.head];
    }
    const float scale = call.scale();
    const float to_log2 = scale * log2_e;
    float acc[D / 8][4];
    clear_sums(acc);
    float score[rows / 8][4];
    float dp[rows / 8][4];
    std::uint32_t ds[rows / 16][4];
    await(room.own_there, 0);
    Turn turn;
    for (int tile = next(0); tile < tiles; tile = next(tile + 1)) {
      await(&room.stage[turn.stage].full, turn.phase);
      bf16* const k_tile = room.tile(0, turn.stage);
      if ((tile + 1) * rows > keys) clear_rows<D, rows>({k_tile, room.tile(1, turn.stage)}, keys - tile * rows);
      begin_products();
      start_inner<D, rows>(score, room.own[0], first, k_tile);
      commit_products();
      start_inner<D, rows>(dp, room.own[1], first, room.tile(1, turn.stage));
      commit_products();
      wait_for_products<1>();
      arrived(score);
      ORDO_UNROLL
      for (int part = 0; part < rows / 64; ++part) {
        const int k0 = tile * rows + part * 64;
        const int from = min_of(q0 + first, q1 - 1);
        if (k0 + 64 > keys || place.ask(from, min_of(q0 + first + group_rows, q1), k0, k0 + 64) != Tile::all) {
          hide(score, 8 * part, seen_bits([&](int n, bool second, int i) {
                 const int key = k0 + n * 8 + 2 * t + i;
                 return key < keys && place.rule->sees(second ? slots[1] : slots[0], key);
               }));
        }
      }
      ORDO_UNROLL
      for (int n = 0; n < rows / 8; ++n) {
        ORDO_UNROLL
        for (int i = 0; i < 4; ++i) score[n][i] = scale * power_of_two(score[n][i] * to_log2 - lse_log2[i / 2]);
      }
      wait_for_products<0>();
      arrived(dp);
      if constexpr (Drops) {
        ORDO_UNROLL
        for (int part = 0; part < rows / 64; ++part) {
          drop(dp, 8 * part,
               kept_of_queries(call.dropout, place.sequence.sample, place.head, slots, tile * rows + part * 64),
               call.dropout.scale());
        }
      }
      ORDO_UNROLL
      for (int n = 0; n < rows / 8; ++n) {
        ORDO_UNROLL
        for (int i = 0; i < 4; ++i) score[n][i] *= dp[n][i] - along[i / 2];
      }
      all_as_a(score, ds);
      begin_products();
      start_adding<D, rows>(acc, ds, k_tile);
      commit_products();
      wait_for_products<0>();
      arrived(acc);
      leave(room.stage[turn.stage]);
      turn.next();
    }
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) {
      if (own[r] < q1) store_row<D>(acc, r, dq.row(place.row(own[r])) + place.column);
    }
  }
}

}  // namespace warpgroup

/// A block: dq of 128 queries of one head of one sequence, laid out as attention_warpgroup_kernel.
template <int D, bool Drops, class Rule, class Stored>
ORDO_KERNEL ORDO_THREADS(warpgroup::threads)
    attention_warpgroup_query_gradient_kernel(ORDO_CONSTANT const GradientMaps maps, AttentionCall<bf16, Stored> call,
                                              AttentionPast<bf16> past, Matrix<bf16> dq) {
  if constexpr (has_warpgroup_products) {
    warpgroup::query_gradient<D, Drops, Rule>(maps, call, past, dq);
  } else {
    give_up();
  }
}

}  // namespace ordo::cuda
