#pragma once
// The gradient of attention_warpgroup: one pass over the keys gives dq, one over the queries dk and dv, as in
// attention_matrix_gradient.cuh. What is multiplied twice stays in registers: nothing but tiles passes through shared
// memory.

#include <cstddef>
#include <type_traits>

#include <ordo/backend/cuda/attention_gradient.cuh>
#include <ordo/backend/cuda/attention_past.cuh>
#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/attention_warpgroup_key_gradient.cuh>
#include <ordo/backend/cuda/attention_warpgroup_query_gradient.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_tiles.cuh>
#include <ordo/backend/cuda/warpgroup_room.cuh>
#include <ordo/backend/cuda/warpgroup_tiles.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

/// attention_matrix_gradient (see attention_matrix_gradient.cuh) on a device that has_warpgroup_products.
template <class Rule>
void attention_warpgroup_gradient(Context& context, const AttentionLayout<Rule>& layout, Dropout dropout,
                                  Matrix<const bf16> q, Matrix<const bf16> k, Matrix<const bf16> v,
                                  Matrix<const bf16> out, Matrix<const float> lse, Matrix<const bf16> dout,
                                  Matrix<bf16> dq, Matrix<bf16> dk, Matrix<bf16> dv) {
  const AttentionCall<bf16, Rule> call("attention_gradient", layout, dropout, q, k, v);
  matrix::check_rows("attention_gradient", {q, k, v, dout, dq, dk, dv});
  clear_unowned(context.queue(), layout, {dq, dk, dv});
  if (q.rows == 0 || k.rows == 0) {
    for (const Matrix<bf16>& x : {dq, dk, dv}) for_each(context.queue(), x.rows * x.cols, Clear<bf16>{x});
    return;
  }
  const AttentionPast<bf16> past{lse, dout, attention_along(context, out, dout, call.d, call.heads)};
  for_each_alternative<Rule>(layout.rules, [&]<class One>(const One*) {
    with_head_size(call.d, [&](auto head_size) {
      constexpr int d = head_size();
      constexpr int keys = warpgroup::passing_keys<d>;
      constexpr int queries = warpgroup::passing_queries;
      constexpr std::size_t facts = warpgroup::stages * 2 * queries * sizeof(float);
      const GradientMaps maps{warpgroup::map_of<d>(q), warpgroup::map_of<d>(k), warpgroup::map_of<d>(v),
                              warpgroup::map_of<d>(dout)};
      const Grid by_query =
          call.grid(call.most_queries, warpgroup::own_rows, warpgroup::threads, warpgroup::gradient_bytes<d, keys>);
      const Grid by_key = call.grid(call.most_keys, warpgroup::own_rows, warpgroup::threads,
                                    warpgroup::gradient_bytes<d, queries> + facts);
      const auto run = [&](auto drops) {
        constexpr bool with = drops();
        launch(context.queue(), by_query, attention_warpgroup_query_gradient_kernel<d, with, One, Rule>, maps, call,
               past, dq);
        launch(context.queue(), by_key, attention_warpgroup_key_gradient_kernel<d, with, One, Rule>, maps, call, past,
               dk, dv);
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
