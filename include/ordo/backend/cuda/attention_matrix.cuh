#pragma once
// Attention under a visibility rule on matrix units, in bf16 with sums and softmax in fp32: the way of FlashAttention-2
// (Dao 2023, arXiv:2307.08691), each tile asked of the rule. Runs on every device from sm_80 on.

#include <cstddef>
#include <cstdint>

#include <ordo/backend/cuda/attention_dropout.cuh>
#include <ordo/backend/cuda/attention_few.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_tiles.cuh>
#include <ordo/backend/cuda/matrix_unit.cuh>
#include <ordo/backend/cuda/running_softmax.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/error.hpp>

namespace ordo::cuda {

/// A block: 64 queries of one head of one sequence, 16 to a warp. Tiles of 64 keys and values come in while the one
/// before is worked on. Rows of c: g and g + 8 of the warp's queries (see matrix_unit.cuh).
template <int D, bool Drops, class Rule, class Stored>
ORDO_KERNEL attention_matrix_kernel(AttentionCall<bf16, Stored> call, Matrix<bf16> out, Matrix<float> lse) {
  using namespace matrix;
  const HeadPlace<bf16, Rule, Stored> place(call);
  const int q0 = block_x() * rows;
  const int q1 = min_of(q0 + rows, place.sequence.queries);
  if (place.rule == nullptr || q0 >= q1) return;
  const int keys = place.sequence.keys;
  const int tiles = (keys + rows - 1) / rows;
  bf16* queries = shared_memory<bf16>();  // (64, stride)
  bf16* stages = queries + tile_size<D>;  // two of keys (64, stride) and values (64, stride)
  const auto ask = [&](int tile) { return place.ask(q0, q1, tile * rows, min_of((tile + 1) * rows, keys)); };
  const auto start = [&](int tile, int stage) {
    start_pair<D>(call.k, call.v, static_cast<std::int64_t>(place.sequence.key_begin) + tile * rows, keys - tile * rows,
                  place.column, stages + 2 * stage * tile_size<D>);
  };

  const int g = lane() / 4;
  const int t = lane() % 4;
  const int own[2] = {q0 + warp() * 16 + g, q0 + warp() * 16 + g + 8};
  const std::int32_t slots[2] = {place.slot(min_of(own[0], q1 - 1)), place.slot(min_of(own[1], q1 - 1))};
  RunningSoftmax softmax(call.scale());
  float acc[D / 8][4];
  clear_sums(acc);
  OwnRows<D> own_queries(queries);
  const auto start_own = [&] { start_copy<D>(call.q, place.row(q0), q1 - q0, place.column, queries); };
  const auto work = [&](int tile, int stage) {
    const bf16* k_tile = stages + 2 * stage * tile_size<D>;
    const bf16* v_tile = k_tile + tile_size<D>;

    float score[groups][4];
    clear_sums(score);
    ORDO_UNROLL
    for (int c = 0; c < D; c += 16) {
      std::uint32_t a[4];
      own_queries.get(c / 16, a);
      ORDO_UNROLL
      for (int n = 0; n < groups; n += 2) {
        std::uint32_t b[4];
        load_b<D>(b, k_tile, n * 8, c);
        multiply_add_two(score[n], score[n + 1], a, b);
      }
    }

    if ((tile + 1) * rows > keys || ask(tile) != Tile::all) {
      hide(score, 0, seen_bits([&](int n, bool second, int i) {
             const int key = tile * rows + n * 8 + 2 * t + i;
             return key < keys && place.rule->sees(second ? slots[1] : slots[0], key);
           }));
    }
    float shrink[2];
    softmax.take(score, shrink);
    ORDO_UNROLL
    for (int n = 0; n < D / 8; ++n) {
      ORDO_UNROLL
      for (int i = 0; i < 4; ++i) acc[n][i] *= shrink[i / 2];
    }
    if constexpr (Drops) {
      drop(score, 0, kept_of_queries(call.dropout, place.sequence.sample, place.head, slots, tile * rows),
           call.dropout.scale());
    }
    ORDO_UNROLL
    for (int n = 0; n < groups; n += 2) {
      std::uint32_t a[4];
      as_a(score[n], score[n + 1], a);
      ORDO_UNROLL
      for (int c = 0; c < D / 8; c += 2) {
        std::uint32_t b[4];
        load_b_transposed<D>(b, v_tile, n * 8, c * 8);
        multiply_add_two(acc[c], acc[c + 1], a, b);
      }
    }
  };
  walk_tiles(
      tiles, ask, start_own, start, [&] { own_queries.hold(); }, work);
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

/// attention (see attention.cuh) in bf16, lse in fp32. Rows must begin at multiples of 16 bytes.
template <class Rule>
void attention_matrix(Queue queue, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const bf16> q,
                      Matrix<const bf16> k, Matrix<const bf16> v, Matrix<bf16> out, Matrix<float> lse) {
  const AttentionCall<bf16, Rule> call("attention", layout, dropout, q, k, v);
  matrix::check_rows("attention", {q, k, v, out});
  for_each_alternative<Rule>(layout.rules, [&]<class One>(const One*) {
    with_head_size(call.d, [&](auto head_size) {
      constexpr int d = head_size();
      const Grid grid =
          call.grid(call.most_queries, matrix::rows, matrix::threads, 5 * matrix::tile_size<d> * sizeof(bf16));
      launch(
          queue, grid,
          dropout.active() ? attention_matrix_kernel<d, true, One, Rule> : attention_matrix_kernel<d, false, One, Rule>,
          call, out, lse);
    });
  });
}

}  // namespace ordo::cuda
