#pragma once
// The words for matrix units that every device from sm_80 on has: warp-wide products of bf16 in fp32, and the ways of
// numbers into them. A warp's 32 lanes hold a matrix together; lane l has, with g = l / 4 and t = l % 4,
//   a, 16 x 16 (row, k):    word 0: (g, 2t), word 1: (g + 8, 2t), word 2: (g, 2t + 8), word 3: (g + 8, 2t + 8)
//   b, 16 x 8 (k, column):  word 0: (2t, g), word 1: (2t + 8, g)
//   c, 16 x 8:              numbers 0, 1: (g, 2t) and (g, 2t + 1), 2, 3: the same in row g + 8
// a word being two bf16 that follow one another along k. So what c's lanes hold of two neighbouring 16 x 8 results is,
// once packed, an a of 16 x 16. Source: NVIDIA, PTX ISA, "Matrix Fragments for mma.m16n8k16" and "ldmatrix".

#include <cstdint>

#include <ordo/backend/cuda/device.cuh>
#include <ordo/core/bf16.hpp>

#if !defined(ORDO_EMULATE_CUDA)

namespace ordo::cuda {

/// c += a b.
ORDO_DEVICE void multiply_add(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};\n"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Four 8 x 8 matrices out of shared memory: lane l names row l % 8 of matrix l / 8, 16 bytes that are aligned so, and
/// gets of each matrix m in word m (g, 2t) and (g, 2t + 1).
ORDO_DEVICE void load_fragments(std::uint32_t (&to)[4], const bf16* row) {
  const auto at = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(at)
               : "memory");
}
/// The same, each matrix transposed: (2t, g) and (2t + 1, g).
ORDO_DEVICE void load_fragments_transposed(std::uint32_t (&to)[4], const bf16* row) {
  const auto at = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(at)
               : "memory");
}

/// Starts to copy 8 numbers (16 bytes, aligned so) into shared memory; zeros where it is not valid.
ORDO_DEVICE void copy_async(bf16* to, const bf16* from, bool valid) {
  const auto at = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(at), "l"(from), "r"(bytes) : "memory");
}
/// The same of one number.
ORDO_DEVICE void copy_async(float* to, const float* from, bool valid) {
  const auto at = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
  const int bytes = valid ? 4 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n" ::"r"(at), "l"(from), "r"(bytes) : "memory");
}
/// What was started since the last commit is one group.
ORDO_DEVICE void commit_copies() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
/// This thread's groups but for the last `Left` are there. Others see them after they meet.
template <int Left>
ORDO_DEVICE void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(Left) : "memory");
}

}  // namespace ordo::cuda

#endif
