#pragma once
// The matrix product: cuBLASLt's, but for a few rows.

#include <cstdint>
#include <type_traits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/few_rows.cuh>
#include <ordo/core/bf16.hpp>

namespace ordo::cuda {

enum class Transposed : bool { no, yes };

/// y = x w + plus; x and w are used transposed where it says so. `plus` may be y itself, and nothing is added where it
/// has no data. Row-major, summed in fp32 and rounded once. T: what y and `plus` are in, A or float.
template <class A, class T>
void multiply(const CudaBackend<A>& b, In<A> x, Transposed of_x, In<A> w, Transposed of_w, Matrix<T> y,
              In<T> plus = {}) {
  static_assert(std::is_same_v<T, A> || std::is_same_v<T, float>);
  const std::int64_t inner = of_x == Transposed::yes ? x.rows : x.cols;
  if (y.rows == 0 || y.cols == 0 || (inner == 0 && plus.data == y.data)) return;
  const bool plain = plus.data == nullptr && of_x == Transposed::no && of_w == Transposed::yes;
  if (plain && are_few_rows(x, w)) return multiply_few(b, x, w, y);
#if defined(ORDO_EMULATE_CUDA)
  emulated::queue_work([=] {
    for (std::int64_t r = 0; r < y.rows; ++r) {
      for (std::int64_t c = 0; c < y.cols; ++c) {
        float sum = 0;
        for (std::int64_t i = 0; i < inner; ++i) {
          sum += static_cast<float>(of_x == Transposed::yes ? x.row(i)[r] : x.row(r)[i]) *
                 static_cast<float>(of_w == Transposed::yes ? w.row(c)[i] : w.row(i)[c]);
        }
        if (plus.data != nullptr) sum += static_cast<float>(plus.row(r)[c]);
        y.row(r)[c] = static_cast<T>(sum);
      }
    }
  });
#else
  const auto as_product = []<class N>(Matrix<N> m) {
    constexpr bool narrow = std::is_same_v<std::remove_const_t<N>, bf16>;
    return ProductMatrix{m.data, narrow ? CUDA_R_16BF : CUDA_R_32F, m.rows, m.cols, m.stride};
  };
  b.context().products().multiply(b.queue(), as_product(x), of_x == Transposed::yes, as_product(w),
                                  of_w == Transposed::yes, as_product(plus), as_product(y), y.data);
#endif
}

}  // namespace ordo::cuda
