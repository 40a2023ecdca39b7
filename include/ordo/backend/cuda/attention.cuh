#pragma once
// Attention under a visibility rule (Vaswani et al. 2017, arXiv:1706.03762), in fp32 on the ordinary units: what fp32
// training runs on, and what kernels for matrix units are compared with. No mask exists: the rule classifies tiles,
// those that nobody sees are skipped, and only mixed ones ask for each pair. The softmax runs along the tiles (Milakov
// and Gimelshein 2018, arXiv:1805.02867).

#include <cmath>
#include <cstdint>
#include <limits>

#include <ordo/backend/cuda/attention_few.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>

namespace ordo {

namespace cuda {

/// A block: `row_tile` queries of one head of one sequence, `rows_of_warp` of them to a warp. Of a tile of keys each
/// lane scores one; of the output it holds every 32nd column. Columns: D over 32, rounded up.
template <int Columns, class Rule, class R, class Stored>
ORDO_KERNEL attention_kernel(AttentionCall<R, Stored> call, Matrix<R> out, Matrix<R> lse) {
  const HeadPlace<R, Rule, Stored> place(call);
  const int q0 = block_x() * row_tile;
  const int q1 = min_of(q0 + row_tile, place.sequence.queries);
  if (place.rule == nullptr || q0 >= q1) return;
  const int width = call.padded();
  R* queries = shared_memory<R>();       // (row_tile, padded)
  R* keys = queries + row_tile * width;  // (lane_tile, padded)
  R* values = keys + lane_tile * width;  // (lane_tile, padded)
  constexpr R nothing = -std::numeric_limits<R>::infinity();
  place.load_queries(call.q, q0, row_tile, queries);
  R best[rows_of_warp];
  R sum[rows_of_warp];
  R acc[rows_of_warp][Columns];
  ORDO_UNROLL
  for (int i = 0; i < rows_of_warp; ++i) {
    best[i] = nothing;
    sum[i] = 0;
    ORDO_UNROLL
    for (int c = 0; c < Columns; ++c) acc[i][c] = 0;
  }
  for (int k0 = 0; k0 < place.sequence.keys; k0 += lane_tile) {
    const Tile seen = place.ask(q0, q1, k0, min_of(k0 + lane_tile, place.sequence.keys));
    if (seen == Tile::none) continue;  // the same for the whole block
    meet();                            // the last tile has been used
    place.load_keys(call.k, k0, lane_tile, keys);
    place.load_keys(call.v, k0, lane_tile, values);
    meet();
    ORDO_UNROLL
    for (int i = 0; i < rows_of_warp; ++i) {
      const int own = warp() * rows_of_warp + i;
      const bool visible = place.sees(seen, q0 + own, k0 + lane());
      const R score = visible ? call.scale() * dot(queries + own * width, keys + lane() * width, call.d) : nothing;
      const R top = warp_max(score);
      const R now = top > best[i] ? top : best[i];
      const R shrink = now == nothing ? R(1) : std::exp(best[i] - now);
      const R p = visible ? std::exp(score - now) : R(0);
      best[i] = now;
      sum[i] = sum[i] * shrink + warp_sum(p);
      const R kept = visible ? p * place.factor(q0 + own, k0 + lane()) : R(0);
      ORDO_UNROLL
      for (int c = 0; c < Columns; ++c) acc[i][c] *= shrink;
      for (int j = 0; j < lane_tile; ++j) {
        const R weight = of_lane(kept, j);
        ORDO_UNROLL
        for (int c = 0; c < Columns; ++c) acc[i][c] += weight * values[j * width + c * warp_size + lane()];
      }
    }
  }
  ORDO_UNROLL
  for (int i = 0; i < rows_of_warp; ++i) {
    const int query = q0 + warp() * rows_of_warp + i;
    if (query >= q1) continue;
    ORDO_UNROLL
    for (int c = 0; c < Columns; ++c) {
      const int column = c * warp_size + lane();
      if (column < call.d) out.row(place.row(query))[place.column + column] = sum[i] > 0 ? acc[i][c] / sum[i] : R(0);
    }
    if (lane() == 0) lse.row(place.row(query))[place.head] = best[i] + std::log(sum[i]);  // log 0 where nothing is seen
  }
}

}  // namespace cuda

/// out[r] = sum over seen keys of p_j v_j in each head, p = softmax(q . k / sqrt(D)), after dropout on p;
/// lse[r, h] = log sum_j exp(q . k_j / sqrt(D)). A query that sees nothing gets zeros, and lse = -infinity.
/// q, out (Q, H D), k, v (S, H D), lse (Q, H). The layout's sequences and slots lie in the device's memory.
/// Throws where a head has more than 128 columns.
template <class Rule>
void attention(const CudaFloat& b, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const float> q,
               Matrix<const float> k, Matrix<const float> v, Matrix<float> out, Matrix<float> lse) {
  using R = float;
  if (cuda::takes_few(layout, dropout, q, k, v, out)) {
    return cuda::attention_few(b.context(), layout, q, k, v, out, lse);
  }
  const cuda::AttentionCall<R, Rule> call("attention", layout, dropout, q, k, v);
  const cuda::Grid grid = call.grid(call.most_queries, cuda::row_tile, cuda::attention_threads,
                                    call.shared(cuda::row_tile + 2 * cuda::lane_tile));
  for_each_alternative<Rule>(layout.rules, [&]<class One>(const One*) {
    cuda::with_columns(call.d, [&](auto columns) {
      cuda::launch(b.queue(), grid, cuda::attention_kernel<columns(), One, R, Rule>, call, out, lse);
    });
  });
}

}  // namespace ordo
