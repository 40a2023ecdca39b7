#pragma once
// The gradient of attention_matrix: one pass over the keys gives dq, one over the queries dk and dv, so that every sum
// has one owner and one order (FlashAttention-2's backward pass adds dq up with atomics in the order of the moment).

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <ordo/backend/cuda/attention_dropout.cuh>
#include <ordo/backend/cuda/attention_gradient.cuh>
#include <ordo/backend/cuda/attention_matrix.cuh>
#include <ordo/backend/cuda/attention_past.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_tiles.cuh>
#include <ordo/backend/cuda/matrix_unit.cuh>
#include <ordo/backend/cuda/running_softmax.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/dropout.hpp>

namespace ordo::cuda {

namespace matrix {

/// The 16 x 16 of a warp's own rows by 16 rows of a tile from `row` on, over all D columns: two c.
template <int D>
ORDO_DEVICE void inner_products(const OwnRows<D>& own, const bf16* tile, int row, float (&c)[2][4]) {
  clear_sums(c);
  ORDO_UNROLL
  for (int i = 0; i < D / 16; ++i) {
    std::uint32_t a[4];
    std::uint32_t b[4];
    own.get(i, a);
    load_b<D>(b, tile, row, 16 * i);
    multiply_add_two(c[0], c[1], a, b);
  }
}
/// acc += a by 16 rows of a tile from `row` on.
template <int D>
ORDO_DEVICE void add_rows(float (&acc)[D / 8][4], const std::uint32_t (&a)[4], const bf16* tile, int row) {
  ORDO_UNROLL
  for (int n = 0; n < D / 8; n += 2) {
    std::uint32_t b[4];
    load_b_transposed<D>(b, tile, row, n * 8);
    multiply_add_two(acc[n], acc[n + 1], a, b);
  }
}
}  // namespace matrix

/// A block: dq of 64 queries of one head of one sequence, laid out as attention_matrix_kernel.
template <int D, bool Drops, class Rule, class Stored>
ORDO_KERNEL attention_matrix_query_gradient_kernel(AttentionCall<bf16, Stored> call, AttentionPast<bf16> past,
                                                   Matrix<bf16> dq) {
  using namespace matrix;
  const HeadPlace<bf16, Rule, Stored> place(call);
  const int q0 = block_x() * rows;
  const int q1 = min_of(q0 + rows, place.sequence.queries);
  if (place.rule == nullptr || q0 >= q1) return;
  const int keys = place.sequence.keys;
  const int tiles = (keys + rows - 1) / rows;
  bf16* queries = shared_memory<bf16>();
  bf16* douts = queries + tile_size<D>;
  bf16* stages = douts + tile_size<D>;  // two of keys and values
  const auto ask = [&](int tile) { return place.ask(q0, q1, tile * rows, min_of((tile + 1) * rows, keys)); };
  const auto start = [&](int tile, int stage) {
    start_pair<D>(call.k, call.v, static_cast<std::int64_t>(place.sequence.key_begin) + tile * rows, keys - tile * rows,
                  place.column, stages + 2 * stage * tile_size<D>);
  };

  const int g = lane() / 4;
  const int t = lane() % 4;
  const int own[2] = {q0 + warp() * 16 + g, q0 + warp() * 16 + g + 8};
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
  [[maybe_unused]] const float more = call.dropout.scale();  // of what dropout kept_bits
  float acc[D / 8][4];
  clear_sums(acc);
  OwnRows<D> own_queries(queries);
  OwnRows<D> own_douts(douts);
  const auto start_own = [&] { start_pair<D>(call.q, past.dout, place.row(q0), q1 - q0, place.column, queries); };
  const auto hold = [&] {
    own_queries.hold();
    own_douts.hold();
  };
  const auto work = [&](int tile, int stage) {
    const bf16* k_tile = stages + 2 * stage * tile_size<D>;
    const bf16* v_tile = k_tile + tile_size<D>;
    const bool mixed = (tile + 1) * rows > keys || ask(tile) != Tile::all;
    std::uint32_t seen = 0;
    if (mixed) {
      seen = seen_bits([&](int group, bool second, int i) {
        const int key = tile * rows + group * 8 + 2 * t + i;
        return key < keys && place.rule->sees(second ? slots[1] : slots[0], key);
      });
    }
    [[maybe_unused]] std::uint32_t kept = 0;
    if constexpr (Drops) {
      kept = kept_of_queries(call.dropout, place.sequence.sample, place.head, slots, tile * rows);
    }
    for (int n = 0; n < rows; n += 16) {  // keys
      float score[2][4];
      float dp[2][4];
      inner_products<D>(own_queries, k_tile, n, score);
      inner_products<D>(own_douts, v_tile, n, dp);
      if (mixed) {
        ORDO_UNROLL
        for (int i = 0; i < 8; ++i) {
          score[i / 4][i % 4] = is_set(seen, n / 2 + i) ? score[i / 4][i % 4] : nothing;
        }
      }
      ORDO_UNROLL
      for (int half = 0; half < 2; ++half) {
        ORDO_UNROLL
        for (int r = 0; r < 2; ++r) {
          if constexpr (Drops) {
            ORDO_UNROLL
            for (int i = 0; i < 2; ++i) {
              float& x = dp[half][2 * r + i];
              x = is_set(kept, n / 2 + half * 4 + 2 * r + i) ? more * x : 0.0F;
            }
          }
          ORDO_UNROLL
          for (int i = 0; i < 2; ++i) {
            float& s = score[half][2 * r + i];
            s = scale * power_of_two(s * to_log2 - lse_log2[r]) * (dp[half][2 * r + i] - along[r]);
          }
        }
      }
      std::uint32_t a[4];
      as_a(score[0], score[1], a);
      add_rows<D>(acc, a, k_tile, n);
    }
  };
  walk_tiles(tiles, ask, start_own, start, hold, work);
  ORDO_UNROLL
  for (int r = 0; r < 2; ++r) {
    if (own[r] < q1) store_row<D>(acc, r, dq.row(place.row(own[r])) + place.column);
  }
}

/// A block: dk and dv of 64 keys of one head of one sequence, 16 to a warp: rows of c are keys, columns queries.
template <int D, bool Drops, class Rule, class Stored>
ORDO_KERNEL attention_matrix_key_gradient_kernel(AttentionCall<bf16, Stored> call, AttentionPast<bf16> past,
                                                 Matrix<bf16> dk, Matrix<bf16> dv) {
  using namespace matrix;
  const HeadPlace<bf16, Rule, Stored> place(call);
  const int k0 = block_x() * rows;
  const int k1 = min_of(k0 + rows, place.sequence.keys);
  if (place.rule == nullptr || k0 >= k1) return;
  const int queries = place.sequence.queries;
  const int tiles = (queries + rows - 1) / rows;
  bf16* k_tile = shared_memory<bf16>();
  bf16* v_tile = k_tile + tile_size<D>;
  bf16* stages = v_tile + tile_size<D>;  // two of queries and douts
  const auto ask = [&](int tile) { return place.ask(tile * rows, min_of((tile + 1) * rows, queries), k0, k1); };
  // Behind the tiles, for each stage: lse of 64 queries, and along.
  float* facts = reinterpret_cast<float*>(stages + 4 * tile_size<D>);
  const auto start = [&](int tile, int stage) {
    start_pair<D>(call.q, past.dout, place.row(tile * rows), queries - tile * rows, place.column,
                  stages + 2 * stage * tile_size<D>);
    const int query = tile * rows + thread_index() % rows;
    const Matrix<const float>& from = thread_index() < rows ? past.lse : past.along;
    copy_async(facts + stage * threads + thread_index(), from.row(place.row(min_of(query, queries - 1))) + place.head,
               query < queries);
  };

  const int g = lane() / 4;
  const int t = lane() % 4;
  const int own[2] = {k0 + warp() * 16 + g, k0 + warp() * 16 + g + 8};
  const float scale = call.scale();
  const float to_log2 = scale * log2_e;
  [[maybe_unused]] const float more = call.dropout.scale();  // of what dropout kept_bits
  float acc_k[D / 8][4];
  float acc_v[D / 8][4];
  clear_sums(acc_k);
  clear_sums(acc_v);
  OwnRows<D> own_keys(k_tile);
  OwnRows<D> own_values(v_tile);
  const auto start_own = [&] {
    start_pair<D>(call.k, call.v, static_cast<std::int64_t>(place.sequence.key_begin) + k0, k1 - k0, place.column,
                  k_tile);
  };
  const auto hold = [&] {
    own_keys.hold();
    own_values.hold();
  };
  const auto work = [&](int tile, int stage) {
    const bf16* q_tile = stages + 2 * stage * tile_size<D>;
    const bf16* dout_tile = q_tile + tile_size<D>;
    const float* lse = facts + stage * threads;
    const float* along = lse + rows;
    const bool mixed = (tile + 1) * rows > queries || k0 + rows > k1 || ask(tile) != Tile::all;
    std::uint32_t seen = 0;
    if (mixed) {
      seen = seen_bits([&](int group, bool second, int i) {
        const int query = tile * rows + group * 8 + 2 * t + i;
        const int key = second ? own[1] : own[0];
        return query < queries && key < k1 && place.rule->sees(place.slot(query), key);
      });
    }
    [[maybe_unused]] std::uint32_t kept_bits = 0;
    if constexpr (Drops) {
      kept_bits = kept_of_keys(
          call.dropout, place.sequence.sample, place.head,
          [&](int i) { return place.slot(min_of(tile * rows + i, queries - 1)); }, k0 + warp() * 16);
    }
    for (int n = 0; n < rows; n += 16) {  // queries
      float score[2][4];
      float dp[2][4];
      float kept[2][4];  // probabilities after dropout
      inner_products<D>(own_keys, q_tile, n, score);
      inner_products<D>(own_values, dout_tile, n, dp);
      ORDO_UNROLL
      for (int half = 0; half < 2; ++half) {
        ORDO_UNROLL
        for (int i = 0; i < 2; ++i) {
          const int of_tile = n + half * 8 + 2 * t + i;
          const float lse_log2 = in_log2(lse[of_tile]);
          ORDO_UNROLL
          for (int r = 0; r < 2; ++r) {
            float& s = score[half][2 * r + i];
            if (mixed && !is_set(seen, n / 2 + half * 4 + 2 * r + i)) s = nothing;
            const float p = power_of_two(s * to_log2 - lse_log2);
            float factor = 1;
            if constexpr (Drops) factor = is_set(kept_bits, n / 2 + half * 4 + 2 * r + i) ? more : 0.0F;
            kept[half][2 * r + i] = factor * p;
            s = scale * p * (factor * dp[half][2 * r + i] - along[of_tile]);
          }
        }
      }
      std::uint32_t a[4];
      as_a(kept[0], kept[1], a);
      add_rows<D>(acc_v, a, dout_tile, n);
      as_a(score[0], score[1], a);
      add_rows<D>(acc_k, a, q_tile, n);
    }
  };
  walk_tiles(tiles, ask, start_own, start, hold, work);
  ORDO_UNROLL
  for (int r = 0; r < 2; ++r) {
    if (own[r] >= k1) continue;
    const std::int64_t row = static_cast<std::int64_t>(place.sequence.key_begin) + own[r];
    store_row<D>(acc_k, r, dk.row(row) + place.column);
    store_row<D>(acc_v, r, dv.row(row) + place.column);
  }
}

/// attention_gradient (see attention_gradient.cuh) in bf16, with lse in fp32.
template <class Rule>
void attention_matrix_gradient(Context& context, const AttentionLayout<Rule>& layout, Dropout dropout,
                               Matrix<const bf16> q, Matrix<const bf16> k, Matrix<const bf16> v, Matrix<const bf16> out,
                               Matrix<const float> lse, Matrix<const bf16> dout, Matrix<bf16> dq, Matrix<bf16> dk,
                               Matrix<bf16> dv) {
  const AttentionCall<bf16, Rule> call("attention_gradient", layout, dropout, q, k, v);
  matrix::check_rows("attention_gradient", {q, k, v, dout, dq, dk, dv});
  clear_unowned(context.queue(), layout, {dq, dk, dv});
  const AttentionPast<bf16> past{lse, dout, attention_along(context, out, dout, call.d, call.heads)};
  for_each_alternative<Rule>(layout.rules, [&]<class One>(const One*) {
    with_head_size(call.d, [&](auto head_size) {
      constexpr int d = head_size();
      constexpr std::size_t bytes = 6 * matrix::tile_size<d> * sizeof(bf16);
      constexpr std::size_t facts = 2 * matrix::threads * sizeof(float);
      const Grid by_query = call.grid(call.most_queries, matrix::rows, matrix::threads, bytes);
      const Grid by_key = call.grid(call.most_keys, matrix::rows, matrix::threads, bytes + facts);
      const auto run = [&](auto drops) {
        constexpr bool with = drops();
        launch(context.queue(), by_query, attention_matrix_query_gradient_kernel<d, with, One, Rule>, call, past, dq);
        launch(context.queue(), by_key, attention_matrix_key_gradient_kernel<d, with, One, Rule>, call, past, dk, dv);
      };
      if (dropout.active()) {
        run(std::true_type());
      } else {
        run(std::false_type());
      }
    });
  });
}

}  // namespace ordo::cuda
