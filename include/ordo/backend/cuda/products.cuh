#pragma once
// Matrix products of NVIDIA's library (cuBLASLt). How a shape is multiplied is looked for when it is first met, and
// kept.

#if !defined(ORDO_EMULATE_CUDA)

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <cublasLt.h>

#include <ordo/backend/cuda/buffer.cuh>
#include <ordo/backend/cuda/device.cuh>
#include <ordo/core/error.hpp>

namespace ordo::cuda {

/// One of the matrices of a product, row-major.
struct ProductMatrix {
  const void* data = nullptr;
  cudaDataType_t type = CUDA_R_32F;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;
};

class Products {
 public:
  /// For the thread's current device. The room is there from the beginning, and so a product may be a part of a graph;
  /// as much as NVIDIA's guide says for sm_90.
  Products() : room_(std::size_t{32} << 20, Fresh::anything) {
    const cublasStatus_t status = cublasLtCreate(&handle_);
    require(status == CUBLAS_STATUS_SUCCESS, "cuda", "cuBLASLt does not start: ", cublasLtGetStatusString(status));
  }
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;
  ~Products() { cublasLtDestroy(handle_); }

  [[nodiscard]] static std::string describe() { return "cuBLASLt " + std::to_string(cublasLtGetVersion()); }

  /// Queues y = x w + plus, with x and w transposed where it says so, plus perhaps y itself, or none (no data). Sums
  /// are in fp32, in an order that depends on what `Key` holds. One queue at a time: products share their room.
  void multiply(Queue queue, const ProductMatrix& x, bool of_x, const ProductMatrix& w, bool of_w,
                const ProductMatrix& plus, const ProductMatrix& y, void* to) {
    const bool adds = plus.data != nullptr;
    const ProductMatrix& c = adds ? plus : y;
    const Key key{y.rows,       y.cols,       of_x ? x.rows : x.cols, x.stride,     w.stride, c.stride, y.stride,
                  alignment(x), alignment(w), alignment(c),           alignment(y), x.type,   y.type,   of_x,
                  of_w};
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    Plan* const plan = plan_of(key, x, w, c, y, status);
    if (plan != nullptr) {
      const float one = 1;
      const float keep = adds ? 1 : 0;
      status = cublasLtMatmul(handle_, &plan->product, &one, w.data, &plan->w, x.data, &plan->x, &keep, c.data,
                              &plan->c, to, &plan->y, &plan->algorithm, room_.data(), room_.size(), queue);
    }
    require(status == CUBLAS_STATUS_SUCCESS, "cuda", "the product of (", key.rows, ", ", key.inner, ") and (",
            key.inner, ", ", key.cols, ") failed: ", cublasLtGetStatusString(status));
  }

 private:
  /// All that an algorithm is chosen by.
  struct Key {
    std::int64_t rows, cols, inner;
    std::int64_t x_stride, w_stride, c_stride, y_stride;
    std::uint32_t x_alignment, w_alignment, c_alignment, y_alignment;
    cudaDataType_t in, out;
    bool of_x, of_w;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Plan {
    cublasLtMatmulDescOpaque_t product{};
    cublasLtMatrixLayoutOpaque_t w{}, x{}, c{}, y{};
    cublasLtMatmulAlgo_t algorithm{};
  };

  /// [bytes] No more than what a workspace's matrices have whatever its size, so that results do not follow from it.
  static std::uint32_t alignment(const ProductMatrix& m) {
    constexpr std::uintptr_t most = 64;
    const auto address = reinterpret_cast<std::uintptr_t>(m.data) | most;
    return static_cast<std::uint32_t>(address & (~address + 1));
  }

  /// None where `status` says why.
  Plan* plan_of(const Key& key, const ProductMatrix& x, const ProductMatrix& w, const ProductMatrix& c,
                const ProductMatrix& y, cublasStatus_t& status) {
    const auto found = plans_.find(key);
    if (found != plans_.end()) return &found->second;
    constexpr std::size_t most = 4096;  // some megabytes: evaluations and samplers meet ever new numbers of rows
    if (plans_.size() >= most) plans_.clear();

    Plan plan;
    const auto then = [&](cublasStatus_t next) {
      if (status == CUBLAS_STATUS_SUCCESS) status = next;
    };
    // The library is column-major: it sees every matrix transposed, and y^T = w^T x^T.
    const auto lay_out = [&](cublasLtMatrixLayoutOpaque_t& to, const ProductMatrix& m) {
      then(cublasLtMatrixLayoutInit(&to, m.type, static_cast<std::uint64_t>(m.cols), static_cast<std::uint64_t>(m.rows),
                                    m.stride));
    };
    lay_out(plan.w, w);
    lay_out(plan.x, x);
    lay_out(plan.c, c);
    lay_out(plan.y, y);
    then(cublasLtMatmulDescInit(&plan.product, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    const auto say = [&](cublasLtMatmulDescAttributes_t what, bool transposed) {
      const cublasOperation_t op = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
      then(cublasLtMatmulDescSetAttribute(&plan.product, what, &op, sizeof op));
    };
    say(CUBLASLT_MATMUL_DESC_TRANSA, key.of_w);
    say(CUBLASLT_MATMUL_DESC_TRANSB, key.of_x);

    cublasLtMatmulPreferenceOpaque_t wanted{};
    then(cublasLtMatmulPreferenceInit(&wanted));
    const auto want = [&](cublasLtMatmulPreferenceAttributes_t what, auto value) {
      then(cublasLtMatmulPreferenceSetAttribute(&wanted, what, &value, sizeof value));
    };
    want(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(room_.size()));
    // Where the inner dimension is cut in parts, those are kept in fp32 and added up in a kernel of their own.
    want(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.w_alignment);
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.x_alignment);
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.c_alignment);
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.y_alignment);
    cublasLtMatmulHeuristicResult_t best{};
    int count = 0;
    if (status == CUBLAS_STATUS_SUCCESS) {
      then(cublasLtMatmulAlgoGetHeuristic(handle_, &plan.product, &plan.w, &plan.x, &plan.c, &plan.y, &wanted, 1, &best,
                                          &count));
    }
    if (status == CUBLAS_STATUS_SUCCESS) status = count > 0 ? best.state : CUBLAS_STATUS_NOT_SUPPORTED;
    if (status != CUBLAS_STATUS_SUCCESS) return nullptr;
    plan.algorithm = best.algo;
    return &plans_.emplace(key, plan).first->second;
  }

  cublasLtHandle_t handle_ = nullptr;
  DeviceBuffer<unsigned char> room_;
  std::map<Key, Plan> plans_;
};

}  // namespace ordo::cuda

#endif
