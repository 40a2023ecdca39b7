#pragma once
// The words for tiles that a unit of their own copies into shared memory (sm_90 and later), and for barriers in shared
// memory that count arrivals of threads and bytes. A barrier has phases 0, 1, 0, ...: one ends when all its arrivals
// and bytes are there. A tile lies as products of four warps read it: rows of 128 or 64 bytes one after the other, in
// which 16 bytes at a time have changed places within each eight rows ("swizzle"), so that neither rows nor columns
// meet in one bank. Source: NVIDIA, PTX ISA, "mbarrier", "cp.async.bulk.tensor", "Tensor swizzling modes".

#include <cstddef>
#include <cstdint>

#include <ordo/backend/cuda/device.cuh>
#include <ordo/core/bf16.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>

#if defined(ORDO_EMULATE_CUDA)

#include <support/emulated_warpgroup.hpp>

#define ORDO_CONSTANT

#else

#include <cuda.h>  // types only: the driver's function is asked for at run time

/// Of a kernel's parameter that copies read where it lies.
#define ORDO_CONSTANT __grid_constant__

namespace ordo::cuda {

using Barrier = std::uint64_t;

/// Where the tiles of a matrix lie, and how large they are.
struct TileMap {
  CUtensorMap map;
};

/// Tiles of `columns` (32 or 64) by `rows` (at most 256) of a matrix whose rows begin at multiples of 16 bytes. What
/// lies beyond the matrix is copied as zeros.
[[nodiscard]] inline TileMap tile_map(Matrix<const bf16> from, int columns, int rows) {
  using Encode = decltype(&cuTensorMapEncodeTiled);
  static const Encode encode = [] {
    void* function = nullptr;
    cudaDriverEntryPointQueryResult found{};
#if CUDART_VERSION >= 12050
    check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found),
          "driver");
#else
    check(cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &function, cudaEnableDefault, &found), "driver");
#endif
    require(found == cudaDriverEntryPointSuccess && function != nullptr, "cuda",
            "the driver does not know how to describe tiles (cuTensorMapEncodeTiled); it must be that of CUDA 12");
    return reinterpret_cast<Encode>(function);
  }();
  TileMap made{};
  const cuuint64_t sizes[2] = {static_cast<cuuint64_t>(from.cols), static_cast<cuuint64_t>(from.rows)};
  const cuuint64_t strides[1] = {static_cast<cuuint64_t>(from.stride) * sizeof(bf16)};
  const cuuint32_t box[2] = {static_cast<cuuint32_t>(columns), static_cast<cuuint32_t>(rows)};
  const cuuint32_t steps[2] = {1, 1};
  const CUresult status =
      encode(&made.map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, const_cast<bf16*>(from.data), sizes, strides, box, steps,
             CU_TENSOR_MAP_INTERLEAVE_NONE, columns == 64 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B,
             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  require(status == CUDA_SUCCESS, "cuda", "tiles of a matrix of ", from.rows, " rows, ", from.cols,
          " columns and a stride of ", from.stride, " cannot be described (error ", static_cast<int>(status), ")");
  return made;
}

/// The address within shared memory, as instructions take it.
ORDO_DEVICE std::uint32_t shared_address(const void* at) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(at));
}

/// By one thread. A phase ends after so many arrivals, and the bytes that they expect.
ORDO_DEVICE void start_barrier(Barrier* barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;\n" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}
/// By the thread that started barriers, before the block meets: copies see them.
ORDO_DEVICE void show_barriers() { asm volatile("fence.mbarrier_init.release.cluster;\n" ::: "memory"); }
ORDO_DEVICE void arrive(Barrier* barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];\n" ::"r"(shared_address(barrier)) : "memory");
}
/// Arrives, and so many bytes will.
ORDO_DEVICE void arrive_expecting(Barrier* barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;\n" ::"r"(shared_address(barrier)), "r"(bytes)
               : "memory");
}
/// Until the phase of this parity has ended. A barrier that was just started is in its phase 0, after one of parity 1.
ORDO_DEVICE void await(Barrier* barrier, int phase) {
  const std::uint32_t at = shared_address(barrier);
  std::uint32_t ended = 0;
  while (ended == 0) {
    asm volatile(
        "{\n"
        ".reg .pred p;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
        "selp.u32 %0, 1, 0, p;\n"
        "}\n"
        : "=r"(ended)
        : "r"(at), "r"(phase)
        : "memory");
  }
}

/// Starts to copy the tile whose first number stands in this column and row; its bytes arrive at `there`. `to` lies at
/// a multiple of eight rows of the tile.
ORDO_DEVICE void copy_tile(const TileMap& map, Barrier* there, bf16* to, int column, std::int64_t row) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];\n" ::"r"(
          shared_address(to)),
      "l"(reinterpret_cast<std::uint64_t>(&map.map)), "r"(shared_address(there)), "r"(column),
      "r"(static_cast<std::int32_t>(row))
      : "memory");
}
/// What this thread wrote to shared memory is seen by copies and by products of four warps that come after the threads
/// have met.
ORDO_DEVICE void show_shared() { asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory"); }

}  // namespace ordo::cuda

#endif
