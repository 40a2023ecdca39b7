#pragma once
// The matrix product: cuBLAS's.

#include <cstdint>

#include <ordo/backend/cuda/backend.cuh>

namespace ordo::cuda {

enum class Transposed : bool { no, yes };

/// c = a b, or c += a b where `adds`; a and b are used transposed where it says so. Row-major, fp32 throughout.
template <class R>
void multiply(const CudaBackend<R>& b, In<R> x, Transposed of_x, In<R> w, Transposed of_w, Out<R> y, bool adds) {
  const std::int64_t inner = of_x == Transposed::yes ? x.rows : x.cols;
  if (y.rows == 0 || y.cols == 0) return;
#if defined(ORDO_EMULATE_CUDA)
  (void)b;
  const emulated::Access access;
  for (std::int64_t r = 0; r < y.rows; ++r) {
    for (std::int64_t c = 0; c < y.cols; ++c) {
      R sum = 0;
      for (std::int64_t i = 0; i < inner; ++i) {
        sum += (of_x == Transposed::yes ? x.row(i)[r] : x.row(r)[i]) *
               (of_w == Transposed::yes ? w.row(c)[i] : w.row(i)[c]);
      }
      y.row(r)[c] = adds ? y.row(r)[c] + sum : sum;
    }
  }
#else
  // cuBLAS is column-major: it sees every matrix transposed, and y^T = w^T x^T.
  const auto op = [](Transposed t) { return t == Transposed::yes ? CUBLAS_OP_T : CUBLAS_OP_N; };
  const float one = 1;
  const float keep = adds ? 1 : 0;
  const cublasStatus_t status =
      cublasGemmEx(b.context().products(), op(of_w), op(of_x), static_cast<int>(y.cols), static_cast<int>(y.rows),
                   static_cast<int>(inner), &one, w.data, CUDA_R_32F, static_cast<int>(w.stride), x.data, CUDA_R_32F,
                   static_cast<int>(x.stride), &keep, y.data, CUDA_R_32F, static_cast<int>(y.stride),
                   CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
  require(status == CUBLAS_STATUS_SUCCESS, "cuda", "the product of (", y.rows, ", ", inner, ") and (", inner, ", ",
          y.cols, ") failed: ", cublasGetStatusString(status));
#endif
}

}  // namespace ordo::cuda
