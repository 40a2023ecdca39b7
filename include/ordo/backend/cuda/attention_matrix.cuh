#pragma once
// Attention under a visibility rule on matrix units, in bf16 with sums and softmax in fp32: the way of FlashAttention-2
// (Dao 2023, arXiv:2307.08691), each tile asked of the rule. Runs on every device from sm_80 on.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <ordo/backend/cuda/attention_few.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_tiles.cuh>
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
  constexpr float nothing = -std::numeric_limits<float>::infinity();
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
  const float to_log2 = call.scale() * log2_e;
  float best[2] = {nothing, nothing};  // in powers of two
  float sum[2] = {0, 0};
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
      const std::uint32_t seen = seen_bits([&](int n, bool second, int i) {
        const int key = tile * rows + n * 8 + 2 * t + i;
        return key < keys && place.rule->sees(second ? slots[1] : slots[0], key);
      });
      ORDO_UNROLL
      for (int n = 0; n < groups; ++n) {
        ORDO_UNROLL
        for (int i = 0; i < 4; ++i) score[n][i] = is_set(seen, 4 * n + i) ? score[n][i] : nothing;
      }
    }
    float top[2] = {nothing, nothing};
    ORDO_UNROLL
    for (int n = 0; n < groups; ++n) {
      ORDO_UNROLL
      for (int i = 0; i < 4; ++i) {
        score[n][i] *= to_log2;
        top[i / 2] = score[n][i] > top[i / 2] ? score[n][i] : top[i / 2];
      }
    }
    float shrink[2];
    float base[2];  // 0 where nothing has been seen yet: the difference of two infinities is no number
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) {
      const float now = row_max(top[r]);
      const float larger = now > best[r] ? now : best[r];
      shrink[r] = larger == nothing ? 1.0F : std::exp2(best[r] - larger);
      best[r] = larger;
      base[r] = larger == nothing ? 0.0F : larger;
      sum[r] *= shrink[r];
    }
    ORDO_UNROLL
    for (int n = 0; n < D / 8; ++n) {
      ORDO_UNROLL
      for (int i = 0; i < 4; ++i) acc[n][i] *= shrink[i / 2];
    }
    std::uint32_t p[groups][2];  // rows g and g + 8 of each group of keys
    ORDO_UNROLL
    for (int n = 0; n < groups; ++n) {
      ORDO_UNROLL
      for (int r = 0; r < 2; ++r) {
        float first = std::exp2(score[n][2 * r] - base[r]);
        float second = std::exp2(score[n][2 * r + 1] - base[r]);
        sum[r] += first + second;
        if constexpr (Drops) {
          const PairFactors kept =
              pair_factors(call.dropout, place.sequence.sample, place.head, slots[r], tile * groups + n);
          first *= kept.first;
          second *= kept.second;
        }
        p[n][r] = rounded_pair(first, second);
      }
    }
    ORDO_UNROLL
    for (int n = 0; n < groups; n += 2) {
      const std::uint32_t a[4] = {p[n][0], p[n][1], p[n + 1][0], p[n + 1][1]};
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
    const float all = row_sum(sum[r]);
    if (own[r] >= q1) continue;
    const std::int64_t row = place.row(own[r]);
    const float inverse = all > 0 ? 1.0F / all : 0.0F;
    ORDO_UNROLL
    for (int n = 0; n < D / 8; ++n) {
      store_pair(out.row(row) + place.column + n * 8 + 2 * t,
                 rounded_pair(acc[n][2 * r] * inverse, acc[n][2 * r + 1] * inverse));
    }
    if (t == 0) lse.row(row)[place.head] = (best[r] + std::log2(all)) * ln_2;  // log 0 where nothing is seen
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

namespace ordo {

/// attention (see attention.cuh) in bf16, on matrix units, lse in fp32. Throws where heads do not have 32, 64 or 128
/// columns.
template <class Rule>
void attention(const Cuda& b, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const bf16> q,
               Matrix<const bf16> k, Matrix<const bf16> v, Matrix<bf16> out, Matrix<float> lse) {
  if (cuda::takes_few(layout, dropout, q, k, v, out)) {
    return cuda::attention_few(b.context(), layout, q, k, v, out, lse);
  }
  cuda::attention_matrix(b.queue(), layout, dropout, q, k, v, out, lse);
}

}  // namespace ordo
