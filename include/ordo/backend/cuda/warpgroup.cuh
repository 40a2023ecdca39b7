#pragma once
// The words for products of four warps (sm_90a): a group of 128 threads multiplies 64 rows by up to 128 columns, b out
// of shared memory, while its threads do something else. Thread t of a group holds of c (64 rows) what lane t % 32
// holds of c in rows 16 (t / 32) .. + 15 of products of a warp (see matrix_unit.cuh), and of a, where it is in
// registers, likewise. Source: NVIDIA, PTX ISA, "Asynchronous warpgroup level matrix instructions".

#include <cstdint>

#include <ordo/backend/cuda/block.cuh>
#include <ordo/backend/cuda/tensor_copy.cuh>
#include <ordo/core/bf16.hpp>

#if !defined(ORDO_EMULATE_CUDA)

namespace ordo::cuda {

/// So many threads of the block meet at barrier `which`, 1 .. 15; meet() has 0.
ORDO_DEVICE void meet_some(int which, int threads) {
  asm volatile("bar.sync %0, %1;\n" ::"r"(which), "r"(threads) : "memory");
}
/// The group keeps so many registers for each thread, fewer or more than it began with.
template <int Count>
ORDO_DEVICE void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;\n" ::"n"(Count));
}
template <int Count>
ORDO_DEVICE void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;\n" ::"n"(Count));
}

/// Numbers in shared memory as an a or b, from `at` on, in rows of 128 or 64 bytes that lie as copy_tile leaves them.
/// Not transposed: its rows are rows of the tile, 16 columns from `at` on are summed over, and `stride` bytes lead to
/// the next eight rows. Transposed (b only): 16 rows from `at` on are summed over, its columns are those of the tile;
/// `stride` bytes lead to the next eight rows, `leading` to the columns behind the first row_bytes / 2.
ORDO_DEVICE std::uint64_t operand(const bf16* at, int leading_bytes, int stride_bytes, int row_bytes) {
  return static_cast<std::uint64_t>((shared_address(at) & 0x3ffffU) >> 4) |
         (static_cast<std::uint64_t>(leading_bytes >> 4) << 16) |
         (static_cast<std::uint64_t>(stride_bytes >> 4) << 32) |
         (static_cast<std::uint64_t>(row_bytes == 128 ? 1 : 2) << 62);
}

/// Before the first product, and wherever c or a in registers were changed since the last one.
ORDO_DEVICE void begin_products() { asm volatile("wgmma.fence.sync.aligned;\n" ::: "memory"); }
/// What was started since the last commit is one group of products.
ORDO_DEVICE void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;\n" ::: "memory"); }
/// Until all groups of products but for the last `Left` are done. Say `arrived` of each c, too.
template <int Left>
ORDO_DEVICE void wait_for_products() {
  asm volatile("wgmma.wait_group.sync.aligned %0;\n" ::"n"(Left) : "memory");
}
/// To the compiler, which does not know that products take their time: from here on c is read.
template <int N>
ORDO_DEVICE void arrived(float (&c)[N][4]) {
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    ORDO_UNROLL
    for (int i = 0; i < 4; ++i) asm volatile("" : "+f"(c[n][i])::"memory");
  }
}

// c (64, 8 N) = a b, or += where it adds: 16 numbers of each row of a. Starts, and is over when it was waited for.
#define ORDO_C(n) "+f"(c[n][0]), "+f"(c[n][1]), "+f"(c[n][2]), "+f"(c[n][3])
template <bool Transposed>
ORDO_DEVICE void group_multiply(float (&c)[4][4], std::uint64_t a, std::uint64_t b, bool adds) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %18, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
      "}, %16, %17, p, 1, 1, 0, %19;\n}\n"
      : ORDO_C(0), ORDO_C(1), ORDO_C(2), ORDO_C(3)
      : "l"(a), "l"(b), "r"(static_cast<int>(adds)), "n"(Transposed ? 1 : 0));
}
template <bool Transposed>
ORDO_DEVICE void group_multiply(float (&c)[4][4], const std::uint32_t (&a)[4], std::uint64_t b, bool adds) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %21, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
      "}, {%16, %17, %18, %19}, %20, p, 1, 1, %22;\n}\n"
      : ORDO_C(0), ORDO_C(1), ORDO_C(2), ORDO_C(3)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(adds)), "n"(Transposed ? 1 : 0));
}
template <bool Transposed>
ORDO_DEVICE void group_multiply(float (&c)[8][4], std::uint64_t a, std::uint64_t b, bool adds) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, %32, %33, p, 1, 1, 0, %35;\n}\n"
      : ORDO_C(0), ORDO_C(1), ORDO_C(2), ORDO_C(3), ORDO_C(4), ORDO_C(5), ORDO_C(6), ORDO_C(7)
      : "l"(a), "l"(b), "r"(static_cast<int>(adds)), "n"(Transposed ? 1 : 0));
}
template <bool Transposed>
ORDO_DEVICE void group_multiply(float (&c)[8][4], const std::uint32_t (&a)[4], std::uint64_t b, bool adds) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %37, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, {%32, %33, %34, %35}, %36, p, 1, 1, %38;\n}\n"
      : ORDO_C(0), ORDO_C(1), ORDO_C(2), ORDO_C(3), ORDO_C(4), ORDO_C(5), ORDO_C(6), ORDO_C(7)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(adds)), "n"(Transposed ? 1 : 0));
}
template <bool Transposed>
ORDO_DEVICE void group_multiply(float (&c)[16][4], std::uint64_t a, std::uint64_t b, bool adds) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, p, 1, 1, 0, %67;\n}\n"
      : ORDO_C(0), ORDO_C(1), ORDO_C(2), ORDO_C(3), ORDO_C(4), ORDO_C(5), ORDO_C(6), ORDO_C(7), ORDO_C(8), ORDO_C(9),
        ORDO_C(10), ORDO_C(11), ORDO_C(12), ORDO_C(13), ORDO_C(14), ORDO_C(15)
      : "l"(a), "l"(b), "r"(static_cast<int>(adds)), "n"(Transposed ? 1 : 0));
}
template <bool Transposed>
ORDO_DEVICE void group_multiply(float (&c)[16][4], const std::uint32_t (&a)[4], std::uint64_t b, bool adds) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, {%64, %65, %66, %67}, %68, p, 1, 1, %70;\n}\n"
      : ORDO_C(0), ORDO_C(1), ORDO_C(2), ORDO_C(3), ORDO_C(4), ORDO_C(5), ORDO_C(6), ORDO_C(7), ORDO_C(8), ORDO_C(9),
        ORDO_C(10), ORDO_C(11), ORDO_C(12), ORDO_C(13), ORDO_C(14), ORDO_C(15)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(adds)), "n"(Transposed ? 1 : 0));
}
#undef ORDO_C

}  // namespace ordo::cuda

#endif

namespace ordo::cuda {

inline constexpr int group_threads = 128;

/// The group of four warps that the thread belongs to, and its warp within it.
ORDO_DEVICE int group_index() { return thread_index() / group_threads; }
ORDO_DEVICE int warp_of_group() { return thread_index() % group_threads / warp_size; }

/// Whether this code is compiled for a device with these words.
#if defined(ORDO_EMULATE_CUDA) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
inline constexpr bool has_warpgroup_products = true;
#else
inline constexpr bool has_warpgroup_products = false;
#endif

template <class Number>
ORDO_KERNEL has_warpgroup_products_kernel(Number* to) {
  *to = has_warpgroup_products ? 1 : 0;
}
/// Whether the code that the thread's device runs is: a program may be compiled for sm_90 and not for sm_90a, and only
/// the device's code knows. `room`: a number in the device's memory.
[[nodiscard]] inline bool runs_warpgroup_products(Queue queue, int* room) {
  int has = 0;
  launch(queue, {1, 1, 1, warp_size, 0}, has_warpgroup_products_kernel<int>, room);
  copy_from_device(queue, room, sizeof(int), &has);
  return has != 0;
}

}  // namespace ordo::cuda
