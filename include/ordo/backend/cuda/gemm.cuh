#pragma once
// The matrix product: cuBLAS's.

#include <cstdint>
#include <type_traits>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/core/bf16.hpp>

namespace ordo::cuda {

enum class Transposed : bool { no, yes };

/// y = x w, or y += x w where `adds`; x and w are used transposed where it says so. Row-major, summed in fp32. T: what
/// y is in, A or float.
template <class A, class T>
void multiply(const CudaBackend<A>& b, In<A> x, Transposed of_x, In<A> w, Transposed of_w, Matrix<T> y, bool adds) {
  static_assert(std::is_same_v<T, A> || std::is_same_v<T, float>);
  const std::int64_t inner = of_x == Transposed::yes ? x.rows : x.cols;
  if (y.rows == 0 || y.cols == 0) return;
#if defined(ORDO_EMULATE_CUDA)
  (void)b;
  emulated::queue_work([=] {
    for (std::int64_t r = 0; r < y.rows; ++r) {
      for (std::int64_t c = 0; c < y.cols; ++c) {
        float sum = adds ? static_cast<float>(y.row(r)[c]) : 0.0F;
        for (std::int64_t i = 0; i < inner; ++i) {
          sum += static_cast<float>(of_x == Transposed::yes ? x.row(i)[r] : x.row(r)[i]) *
                 static_cast<float>(of_w == Transposed::yes ? w.row(c)[i] : w.row(i)[c]);
        }
        y.row(r)[c] = static_cast<T>(sum);
      }
    }
  });
#else
  // cuBLAS is column-major: it sees every matrix transposed, and y^T = w^T x^T.
  const auto op = [](Transposed t) { return t == Transposed::yes ? CUBLAS_OP_T : CUBLAS_OP_N; };
  constexpr auto type = [](auto number) { return std::is_same_v<decltype(number), bf16> ? CUDA_R_16BF : CUDA_R_32F; };
  const float one = 1;
  const float keep = adds ? 1 : 0;
  const cublasStatus_t status =
      cublasGemmEx(b.context().products(), op(of_w), op(of_x), static_cast<int>(y.cols), static_cast<int>(y.rows),
                   static_cast<int>(inner), &one, w.data, type(A()), static_cast<int>(w.stride), x.data, type(A()),
                   static_cast<int>(x.stride), &keep, y.data, type(T()), static_cast<int>(y.stride), CUBLAS_COMPUTE_32F,
                   CUBLAS_GEMM_DEFAULT);
  require(status == CUBLAS_STATUS_SUCCESS, "cuda", "the product of (", y.rows, ", ", inner, ") and (", inner, ", ",
          y.cols, ") failed: ", cublasGetStatusString(status));
#endif
}

}  // namespace ordo::cuda
