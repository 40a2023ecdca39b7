#pragma once
// The gradient of attention under a visibility rule, in fp32 on the ordinary units. One pass over the keys gives dq,
// one over the queries dk and dv, so that every sum has one owner and one order.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <ordo/backend/cuda/attention_past.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/columns.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/dropout.hpp>

namespace ordo {

namespace cuda {

inline constexpr int lanes_of_head = 8;  // of attention_along_kernel

/// along (Q, H) = dout . out in each head: `lanes_of_head` lanes for each of them, 8 columns at a time.
template <bool Aligned, class R>
ORDO_KERNEL attention_along_kernel(Matrix<const R> out, Matrix<const R> dout, int d, Matrix<float> along) {
  const std::int64_t step = static_cast<std::int64_t>(blocks_x()) * block_threads() / lanes_of_head;
  const std::int64_t all = along.rows * along.cols;
  const std::int64_t own = (static_cast<std::int64_t>(block_x()) * block_threads() + thread_index()) / lanes_of_head;
  const std::int64_t rounds = (all + step - 1) / step;  // the same for all lanes of a warp, which add up together
  for (std::int64_t round = 0; round < rounds; ++round) {
    const std::int64_t i = round * step + own;
    float sum = 0;
    if (i < all) {
      const std::int64_t row = i / along.cols;
      const std::int64_t column = i % along.cols * d;
      for (int first = 8 * (lane() % lanes_of_head); first < d; first += 8 * lanes_of_head) {
        const Columns at{row, column + first, d - first < 8 ? d - first : 8};
        float x[8];
        float y[8];
        load<Aligned>(out.row(row), at, x);
        load<Aligned>(dout.row(row), at, y);
        ORDO_UNROLL
        for (int c = 0; c < 8; ++c) sum += x[c] * y[c];
      }
    }
    for (int mask = lanes_of_head / 2; mask > 0; mask /= 2) sum += across(sum, mask);
    if (i < all && lane() % lanes_of_head == 0) along.row(i / along.cols)[i % along.cols] = sum;
  }
}

/// A block: dq of `row_tile` queries of one head of one sequence; laid out as attention_kernel.
template <int Columns, class Rule, class R, class Stored>
ORDO_KERNEL attention_query_gradient_kernel(AttentionCall<R, Stored> call, AttentionPast<R> past, Matrix<R> dq) {
  const HeadPlace<R, Rule, Stored> place(call);
  const int q0 = block_x() * row_tile;
  const int q1 = min_of(q0 + row_tile, place.sequence.queries);
  if (place.rule == nullptr || q0 >= q1) return;
  const int width = call.padded();
  R* queries = shared_memory<R>();        // (row_tile, padded)
  R* douts = queries + row_tile * width;  // (row_tile, padded)
  R* keys = douts + row_tile * width;     // (lane_tile, padded)
  R* values = keys + lane_tile * width;   // (lane_tile, padded)
  place.load_queries(call.q, q0, row_tile, queries);
  place.load_queries(past.dout, q0, row_tile, douts);
  R acc[rows_of_warp][Columns];
  ORDO_UNROLL
  for (int i = 0; i < rows_of_warp; ++i) {
    ORDO_UNROLL
    for (int c = 0; c < Columns; ++c) acc[i][c] = 0;
  }
  for (int k0 = 0; k0 < place.sequence.keys; k0 += lane_tile) {
    const Tile seen = place.ask(q0, q1, k0, min_of(k0 + lane_tile, place.sequence.keys));
    if (seen == Tile::none) continue;
    meet();
    place.load_keys(call.k, k0, lane_tile, keys);
    place.load_keys(call.v, k0, lane_tile, values);
    meet();
    ORDO_UNROLL
    for (int i = 0; i < rows_of_warp; ++i) {
      const int own = warp() * rows_of_warp + i;
      R ds = 0;
      if (place.sees(seen, q0 + own, k0 + lane())) {
        const std::int64_t row = place.row(q0 + own);
        const R score = call.scale() * dot(queries + own * width, keys + lane() * width, call.d);
        const R p = std::exp(score - past.lse.row(row)[place.head]);
        const R dp = place.factor(q0 + own, k0 + lane()) * dot(douts + own * width, values + lane() * width, call.d);
        ds = call.scale() * p * (dp - past.along.row(row)[place.head]);
      }
      for (int j = 0; j < lane_tile; ++j) {
        const R weight = of_lane(ds, j);
        ORDO_UNROLL
        for (int c = 0; c < Columns; ++c) acc[i][c] += weight * keys[j * width + c * warp_size + lane()];
      }
    }
  }
  ORDO_UNROLL
  for (int i = 0; i < rows_of_warp; ++i) {
    const int query = q0 + warp() * rows_of_warp + i;
    ORDO_UNROLL
    for (int c = 0; c < Columns; ++c) {
      const int column = c * warp_size + lane();
      if (query < q1 && column < call.d) dq.row(place.row(query))[place.column + column] = acc[i][c];
    }
  }
}

/// A block: dk and dv of `row_tile` keys of one head of one sequence. Of a tile of queries each lane has one.
template <int Columns, class Rule, class R, class Stored>
ORDO_KERNEL attention_key_gradient_kernel(AttentionCall<R, Stored> call, AttentionPast<R> past, Matrix<R> dk,
                                          Matrix<R> dv) {
  const HeadPlace<R, Rule, Stored> place(call);
  const int k0 = block_x() * row_tile;
  const int k1 = min_of(k0 + row_tile, place.sequence.keys);
  if (place.rule == nullptr || k0 >= k1) return;
  const int width = call.padded();
  R* keys = shared_memory<R>();            // (row_tile, padded)
  R* values = keys + row_tile * width;     // (row_tile, padded)
  R* queries = values + row_tile * width;  // (lane_tile, padded)
  R* douts = queries + lane_tile * width;  // (lane_tile, padded)
  place.load_keys(call.k, k0, row_tile, keys);
  place.load_keys(call.v, k0, row_tile, values);
  R acc_k[rows_of_warp][Columns];
  R acc_v[rows_of_warp][Columns];
  ORDO_UNROLL
  for (int i = 0; i < rows_of_warp; ++i) {
    ORDO_UNROLL
    for (int c = 0; c < Columns; ++c) acc_k[i][c] = acc_v[i][c] = 0;
  }
  for (int q0 = 0; q0 < place.sequence.queries; q0 += lane_tile) {
    const Tile seen = place.ask(q0, min_of(q0 + lane_tile, place.sequence.queries), k0, k1);
    if (seen == Tile::none) continue;
    meet();
    place.load_queries(call.q, q0, lane_tile, queries);
    place.load_queries(past.dout, q0, lane_tile, douts);
    meet();
    const int query = q0 + lane();
    ORDO_UNROLL
    for (int i = 0; i < rows_of_warp; ++i) {
      const int own = warp() * rows_of_warp + i;
      R ds = 0;
      R kept = 0;
      if (place.sees(seen, query, k0 + own)) {
        const std::int64_t row = place.row(query);
        const R score = call.scale() * dot(queries + lane() * width, keys + own * width, call.d);
        const R p = std::exp(score - past.lse.row(row)[place.head]);
        const R factor = place.factor(query, k0 + own);
        const R dp = factor * dot(douts + lane() * width, values + own * width, call.d);
        kept = factor * p;
        ds = call.scale() * p * (dp - past.along.row(row)[place.head]);
      }
      for (int j = 0; j < lane_tile; ++j) {
        const R weight_k = of_lane(ds, j);
        const R weight_v = of_lane(kept, j);
        ORDO_UNROLL
        for (int c = 0; c < Columns; ++c) {
          acc_k[i][c] += weight_k * queries[j * width + c * warp_size + lane()];
          acc_v[i][c] += weight_v * douts[j * width + c * warp_size + lane()];
        }
      }
    }
  }
  ORDO_UNROLL
  for (int i = 0; i < rows_of_warp; ++i) {
    const int key = k0 + warp() * rows_of_warp + i;
    const std::int64_t row = static_cast<std::int64_t>(place.sequence.key_begin) + key;
    ORDO_UNROLL
    for (int c = 0; c < Columns; ++c) {
      const int column = c * warp_size + lane();
      if (key >= k1 || column >= call.d) continue;
      dk.row(row)[place.column + column] = acc_k[i][c];
      dv.row(row)[place.column + column] = acc_v[i][c];
    }
  }
}

/// dout . out of every query and head, in the context's room: (Q, H).
template <class R>
[[nodiscard]] Matrix<float> attention_along(Context& context, Matrix<const R> out, Matrix<const R> dout, int d,
                                            int heads) {
  constexpr int threads = 256;
  const std::int64_t numbers = out.rows * heads;
  const Matrix<float> along(Pieces(context.room(Pieces::bytes<float>(numbers))).take<float>(numbers), out.rows, heads);
  launch(context.queue(), {blocks_for(numbers, threads / lanes_of_head), 1, 1, threads, 0},
         d % 8 == 0 && in_eights(out, dout) ? attention_along_kernel<true, R> : attention_along_kernel<false, R>, out,
         dout, d, along);
  return along;
}

template <class R>
struct Clear {
  Matrix<R> x;
  ORDO_DEVICE void operator()(std::int64_t i) const { x.row(i / x.cols)[i % x.cols] = R(0.0F); }
};

/// The kernels write the rows of their sequences; where there are others, all become 0 first.
template <class R, class Rule>
void clear_unowned(Queue queue, const AttentionLayout<Rule>& layout, std::initializer_list<Matrix<R>> all) {
  if (layout.whole) return;
  for (const Matrix<R>& x : all) for_each(queue, x.rows * x.cols, Clear<R>{x});
}

}  // namespace cuda

/// The gradient, from the forward's out and lse; dropout must be the forward's. In each head, with p the probabilities,
/// f their dropout factors, and s the scores: dv_j += f_j p_j dout, dp_j = f_j (dout . v_j),
/// ds_j = p_j (dp_j - dout . out), as dout . out = sum_j p_j dp_j; dq, dk from ds.
/// All of dq (Q, H D) and dk, dv (S, H D) is overwritten: zero for keys that nobody sees.
template <class Rule>
void attention_gradient(const CudaFloat& b, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const float> q,
                        Matrix<const float> k, Matrix<const float> v, Matrix<const float> out, Matrix<const float> lse,
                        Matrix<const float> dout, Matrix<float> dq, Matrix<float> dk, Matrix<float> dv) {
  using R = float;
  const cuda::AttentionCall<R, Rule> call("attention_gradient", layout, dropout, q, k, v);
  cuda::clear_unowned(b.queue(), layout, {dq, dk, dv});
  const Matrix<float> along = cuda::attention_along(b.context(), out, dout, call.d, call.heads);
  const cuda::AttentionPast<R> past{lse, dout, along};
  const std::size_t bytes = call.shared(2 * cuda::row_tile + 2 * cuda::lane_tile);
  for_each_alternative<Rule>(layout.rules, [&]<class One>(const One*) {
    cuda::with_columns(call.d, [&](auto columns) {
      cuda::launch(b.queue(), call.grid(call.most_queries, cuda::row_tile, cuda::attention_threads, bytes),
                   cuda::attention_query_gradient_kernel<columns(), One, R, Rule>, call, past, dq);
      cuda::launch(b.queue(), call.grid(call.most_keys, cuda::row_tile, cuda::attention_threads, bytes),
                   cuda::attention_key_gradient_kernel<columns(), One, R, Rule>, call, past, dk, dv);
    });
  });
}

}  // namespace ordo
