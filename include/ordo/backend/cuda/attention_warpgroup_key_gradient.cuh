#pragma once
// The gradient of attention_warpgroup: dk and dv, by one pass over the queries.

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

/// See attention_warpgroup_key_gradient_kernel.
template <int D, bool Drops, class Rule, class Stored>
ORDO_DEVICE void key_gradient(const GradientMaps& maps, const AttentionCall<bf16, Stored>& call,
                              AttentionPast<bf16> past, Matrix<bf16> dk, Matrix<bf16> dv) {
  using namespace matrix;
  constexpr int rows = passing_queries;
  const HeadPlace<bf16, Rule, Stored> place(call);
  const int k0 = block_x() * own_rows;
  const int k1 = min_of(k0 + own_rows, place.sequence.keys);
  if (place.rule == nullptr || k0 >= k1) return;
  const int queries = place.sequence.queries;
  const int tiles = (queries + rows - 1) / rows;
  const auto next = [&](int tile) {
    while (tile < tiles && place.ask(tile * rows, min_of((tile + 1) * rows, queries), k0, k1) == Tile::none) {
      ++tile;
    }
    return tile;
  };
  const Room<D, rows> room;
  // Of each stage's queries: lse in powers of two, then along.
  float* const facts = reinterpret_cast<float*>(room.own_there + 1);
  room.start(warp_size);

  if (group_index() == 0) {
    give_registers<copying_registers>();
    if (warp_of_group() == 0) {
      if (lane() == 0) {
        room.copy_own(maps.k, maps.v, place.column, static_cast<std::int64_t>(place.sequence.key_begin) + k0);
      }
      Turn turn;
      for (int tile = next(0); tile < tiles; tile = next(tile + 1)) {
        await(&room.stage[turn.stage].empty, turn.phase ^ 1);
        float* const lse = facts + turn.stage * 2 * rows;
        for (int i = lane(); i < rows; i += warp_size) {
          const std::int64_t row = place.row(min_of(tile * rows + i, queries - 1));
          lse[i] = in_log2(past.lse.row(row)[place.head]);
          lse[rows + i] = past.along.row(row)[place.head];
        }
        if (lane() == 0) {
          room.copy(maps.q, maps.dout, turn.stage, place.column, place.row(tile * rows));
        } else {
          arrive(&room.stage[turn.stage].full);
        }
        turn.next();
      }
    }
  } else {
    take_registers<multiplying_registers>();
    const int first = (group_index() - 1) * group_rows;
    const int g = lane() / 4;
    const int t = lane() % 4;
    const int of_warp = k0 + first + warp_of_group() * 16;
    const int own[2] = {of_warp + g, of_warp + g + 8};
    const float scale = call.scale();
    const float to_log2 = scale * log2_e;
    float acc_k[D / 8][4];
    float acc_v[D / 8][4];
    clear_sums(acc_k);
    clear_sums(acc_v);
    float p[rows / 8][4];
    float dp[rows / 8][4];
    std::uint32_t a_v[rows / 16][4];
    std::uint32_t a_k[rows / 16][4];
    await(room.own_there, 0);
    Turn turn;
    for (int tile = next(0); tile < tiles; tile = next(tile + 1)) {
      await(&room.stage[turn.stage].full, turn.phase);
      bf16* const q_tile = room.tile(0, turn.stage);
      bf16* const dout_tile = room.tile(1, turn.stage);
      if ((tile + 1) * rows > queries) clear_rows<D, rows>({q_tile, dout_tile}, queries - tile * rows);
      const float* lse = facts + turn.stage * 2 * rows;
      const float* along = lse + rows;
      begin_products();
      start_inner<D, rows>(p, room.own[0], first, q_tile);
      commit_products();
      start_inner<D, rows>(dp, room.own[1], first, dout_tile);
      commit_products();
      wait_for_products<1>();
      arrived(p);
      const int q0 = tile * rows;
      const int from = min_of(k0 + first, k1 - 1);
      if (q0 + rows > queries || k0 + first + group_rows > k1 ||
          place.ask(q0, q0 + rows, from, k0 + first + group_rows) != Tile::all) {
        hide(p, 0, seen_bits([&](int n, bool second, int i) {
               const int query = q0 + n * 8 + 2 * t + i;
               const int key = second ? own[1] : own[0];
               return query < queries && key < k1 && place.rule->sees(place.slot(query), key);
             }));
      }
      ORDO_UNROLL
      for (int n = 0; n < rows / 8; ++n) {
        ORDO_UNROLL
        for (int i = 0; i < 4; ++i) p[n][i] = power_of_two(p[n][i] * to_log2 - lse[n * 8 + 2 * t + i % 2]);
      }
      [[maybe_unused]] std::uint32_t kept = 0;
      if constexpr (Drops) {
        kept = kept_of_keys(
            call.dropout, place.sequence.sample, place.head,
            [&](int i) { return place.slot(min_of(q0 + i, queries - 1)); }, of_warp);
        ORDO_UNROLL
        for (int n = 0; n < rows / 8; n += 2) {
          float some[2][4];
          ORDO_UNROLL
          for (int j = 0; j < 8; ++j) {
            some[j / 4][j % 4] = is_set(kept, 4 * n + j) ? call.dropout.scale() * p[n + j / 4][j % 4] : 0.0F;
          }
          as_a(some[0], some[1], a_v[n / 2]);
        }
      } else {
        all_as_a(p, a_v);
      }
      begin_products();
      start_adding<D, rows>(acc_v, a_v, dout_tile);
      commit_products();
      wait_for_products<1>();
      arrived(dp);
      if constexpr (Drops) drop(dp, 0, kept, call.dropout.scale());
      ORDO_UNROLL
      for (int n = 0; n < rows / 8; ++n) {
        ORDO_UNROLL
        for (int i = 0; i < 4; ++i) p[n][i] *= scale * (dp[n][i] - along[n * 8 + 2 * t + i % 2]);
      }
      all_as_a(p, a_k);
      begin_products();
      start_adding<D, rows>(acc_k, a_k, q_tile);
      commit_products();
      wait_for_products<0>();
      arrived(acc_v);
      arrived(acc_k);
      leave(room.stage[turn.stage]);
      turn.next();
    }
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) {
      if (own[r] >= k1) continue;
      const std::int64_t row = static_cast<std::int64_t>(place.sequence.key_begin) + own[r];
      store_row<D>(acc_k, r, dk.row(row) + place.column);
      store_row<D>(acc_v, r, dv.row(row) + place.column);
    }
  }
}

}  // namespace warpgroup

/// A block: dk and dv of 128 keys of one head of one sequence: rows of c are keys, columns queries.
template <int D, bool Drops, class Rule, class Stored>
ORDO_KERNEL ORDO_THREADS(warpgroup::threads)
    attention_warpgroup_key_gradient_kernel(ORDO_CONSTANT const GradientMaps maps, AttentionCall<bf16, Stored> call,
                                            AttentionPast<bf16> past, Matrix<bf16> dk, Matrix<bf16> dv) {
  if constexpr (has_warpgroup_products) {
    warpgroup::key_gradient<D, Drops, Rule>(maps, call, past, dk, dv);
  } else {
    give_up();
  }
}

}  // namespace ordo::cuda
