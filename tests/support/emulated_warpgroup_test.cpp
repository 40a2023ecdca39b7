// Products of four warps and copies of tiles on the emulated device: what they compute, and what they refuse. How
// operands lie in shared memory is written here once more, from NVIDIA's PTX ISA.

#define ORDO_EMULATE_CUDA

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/tensor_copy.cuh>
#include <ordo/backend/cuda/warpgroup.cuh>

namespace {

using namespace ordo;
using cuda::Barrier;

constexpr int rows = 64;

/// c (64, 8 N) = a b^T or, transposed, a b: a (64, D), b (8 N, D) or (D, D), tiles of 64 rows by D <= 64 columns.
template <int D, bool Transposed>
ORDO_KERNEL multiply_tiles(ORDO_CONSTANT const cuda::TileMap a, ORDO_CONSTANT const cuda::TileMap b, float* to) {
  constexpr int n = Transposed ? D / 8 : rows / 8;
  bf16* a_tile = cuda::shared_memory<bf16>();
  bf16* b_tile = a_tile + rows * D;
  auto* there = reinterpret_cast<Barrier*>(b_tile + rows * D);
  if (cuda::thread_index() == 0) cuda::start_barrier(there, 1);
  cuda::meet();
  if (cuda::thread_index() == 0) {
    cuda::arrive_expecting(there, 2 * rows * D * 2);
    cuda::copy_tile(a, there, a_tile, 0, 0);
    cuda::copy_tile(b, there, b_tile, 0, 0);
  }
  cuda::await(there, 0);
  float c[n][4];
  for (int k = 0; k < D; k += 16) {
    const std::uint64_t x = cuda::operand(a_tile + k, 0, 16 * D, 2 * D);
    const std::uint64_t y =
        Transposed ? cuda::operand(b_tile + k * D, 0, 16 * D, 2 * D) : cuda::operand(b_tile + k, 0, 16 * D, 2 * D);
    cuda::group_multiply<Transposed>(c, x, y, k > 0);
  }
  cuda::commit_products();
  cuda::wait_for_products<0>();
  cuda::arrived(c);
  for (int i = 0; i < 4 * n; ++i) {
    const int row = cuda::warp() * 16 + cuda::lane() / 4 + i % 4 / 2 * 8;
    to[row * 8 * n + i / 4 * 8 + cuda::lane() % 4 * 2 + i % 2] = c[i / 4][i % 4];
  }
}

struct Tile {
  int columns;
  std::vector<bf16> numbers;
  cuda::DeviceBuffer<bf16> there;

  Tile(const CudaFloat& b, int cols, int seed)
      : columns(cols), numbers(static_cast<std::size_t>(rows * cols)), there(numbers.size()) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<float>((static_cast<int>(i) * 7 + seed) % 13 - 6);  // sums of products are exact
    }
    upload(b, numbers, there.data());
  }
  [[nodiscard]] float at(int r, int c) const { return numbers[static_cast<std::size_t>(r * columns + c)]; }
  [[nodiscard]] cuda::TileMap map() const { return cuda::tile_map({there.data(), rows, columns}, columns, rows); }
};

template <int D, bool Transposed>
void check_product(const CudaFloat& b) {
  const Tile x(b, D, 3);
  const Tile y(b, D, 5);
  const int columns = Transposed ? D : rows;
  auto result = allocate<float>(b, static_cast<std::size_t>(rows * columns));
  cuda::launch(b.queue(), {1, 1, 1, 128, 2 * rows * D * 2 + 8}, multiply_tiles<D, Transposed>, x.map(), y.map(),
               result.data());
  std::vector<float> got(static_cast<std::size_t>(rows * columns));
  download(b, std::as_const(result).data(), got);
  int wrong = 0;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      float expected = 0;
      for (int k = 0; k < D; ++k) expected += x.at(r, k) * (Transposed ? y.at(k, c) : y.at(c, k));
      if (got[static_cast<std::size_t>(r * columns + c)] != expected) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

/// Mistakes, by number: of each the emulated device must tell.
ORDO_KERNEL mistaken(ORDO_CONSTANT const cuda::TileMap map, int mistake) {
  bf16* tile = cuda::shared_memory<bf16>();
  auto* there = reinterpret_cast<Barrier*>(tile + 2 * rows * 64);
  if (cuda::thread_index() == 0) cuda::start_barrier(there, 1);
  cuda::meet();
  const auto copy = [&](bf16* to, int bytes) {
    if (cuda::thread_index() != 0) return;
    cuda::arrive_expecting(there, bytes);
    cuda::copy_tile(map, there, to, 0, 0);
  };
  float c[8][4];
  switch (mistake) {
    case 0: cuda::arrive_expecting(there, 64); return cuda::arrive(there);  // more than a phase has
    case 1: return copy(tile + 64, rows * 64 * 2);                          // not where eight rows begin
    case 2: return copy(tile, rows * 64 * 2);                               // nobody waits
    case 3:
      copy(tile, rows * 64 * 2 + 16);
      cuda::await(there, 0);
      return;  // bytes that never come
    case 4:    // threads that do not agree
      cuda::group_multiply<false>(c, cuda::operand(tile, 0, 1024, 128), cuda::operand(tile, 0, 1024, 128),
                                  cuda::thread_index() > 5);
      return;
    case 5:  // no swizzle begins there
      cuda::group_multiply<false>(c, cuda::operand(tile, 0, 1024, 128), cuda::operand(tile + 64, 0, 1024, 128), false);
      cuda::commit_products();
      cuda::wait_for_products<0>();
      return;
    default: return;
  }
}

}  // namespace

TEST_CASE("products of four warps read the tiles that copies leave") {
  const CudaFloat b;
  cuda::emulated::Lateness& late = cuda::emulated::lateness();
  const cuda::emulated::Lateness before = late;
  for (const bool copies : {false, true}) {
    for (const bool products : {false, true}) {
      late = {copies, products};
      check_product<64, false>(b);
      check_product<64, true>(b);
      check_product<32, false>(b);
      check_product<32, true>(b);
    }
  }
  late = before;
}

TEST_CASE("the emulated device tells of mistakes with barriers, copies and products") {
  const CudaFloat b;
  const Tile tile(b, 64, 1);
  cuda::emulated::Lateness& late = cuda::emulated::lateness();
  const cuda::emulated::Lateness before = late;
  late = {true, true};
  const char* const told[] = {"too many arrive", "not aligned",        "ends before its copies",
                              "in vain",         "different products", "where its swizzle does"};
  for (int mistake = 0; mistake < 6; ++mistake) {
    CHECK_THROWS_WITH(cuda::launch(b.queue(), {1, 1, 1, 128, 2 * rows * 64 * 2 + 8}, mistaken, tile.map(), mistake),
                      Catch::Contains(told[mistake]));
  }
  late = before;
}
