#pragma once
// What attention's kernels with products of four warps share: tiles in shared memory, and the block's division of
// labour. One group of warps copies tiles ahead, the others multiply 64 rows each.

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_tiles.cuh>
#include <ordo/backend/cuda/tensor_copy.cuh>
#include <ordo/backend/cuda/warpgroup.cuh>
#include <ordo/core/bf16.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/tile.hpp>

namespace ordo::cuda::warpgroup {

inline constexpr int multiplying = 2;  // groups
inline constexpr int threads = (1 + multiplying) * group_threads;
inline constexpr int group_rows = 64;
inline constexpr int own_rows = multiplying * group_rows;  // of a block
inline constexpr int stages = 2;
/// Registers of a thread that copies, and of one that multiplies: the multiprocessor's 65,536 among 384 threads.
inline constexpr int copying_registers = 40;
inline constexpr int multiplying_registers = 232;
static_assert(copying_registers + multiplying * multiplying_registers <= (1 + multiplying) * 168);  // 168: at entry

/// `Rows` rows of D numbers in shared memory: panels of up to 64 columns, one behind the other.
template <int D, int Rows>
struct HeadTile {
  static constexpr int wide = D < 64 ? D : 64;  // columns of a panel
  static constexpr int row_bytes = 2 * wide;
  static constexpr int panel = Rows * wide;
  static constexpr int size = Rows * D;
  static constexpr int bytes = 2 * size;

  /// By one thread: `row` is the tile's first, `column` the head's first. `map` has tiles of `wide` by 64.
  ORDO_DEVICE static void copy(const TileMap& map, Barrier* there, bf16* to, int column, std::int64_t row) {
    for (int c = 0; c < D / wide; ++c) {
      for (int r = 0; r < Rows; r += 64) {
        copy_tile(map, there, to + c * panel + r * wide, column + c * wide, row + r);
      }
    }
  }
  /// Rows from `row` on, columns k .. k + 15.
  ORDO_DEVICE static std::uint64_t rows_at(const bf16* tile, int row, int k) {
    return operand(tile + k / wide * panel + row * wide + k % wide, 0, 8 * row_bytes, row_bytes);
  }
  /// Rows row .. row + 15, as what is summed over.
  ORDO_DEVICE static std::uint64_t columns_at(const bf16* tile, int row) {
    return operand(tile + row * wide, 2 * panel, 8 * row_bytes, row_bytes);
  }
};

/// Starts c = 64 of the own rows by the rows of a tile, over all D columns.
template <int D, int Rows>
ORDO_DEVICE void start_inner(float (&c)[Rows / 8][4], const bf16* own, int row, const bf16* tile) {
  ORDO_UNROLL
  for (int k = 0; k < D; k += 16) {
    group_multiply<false>(c, HeadTile<D, own_rows>::rows_at(own, row, k), HeadTile<D, Rows>::rows_at(tile, 0, k),
                          k > 0);
  }
}
/// Starts acc += a by the rows of a tile.
template <int D, int Rows>
ORDO_DEVICE void start_adding(float (&acc)[D / 8][4], const std::uint32_t (&a)[Rows / 16][4], const bf16* tile) {
  ORDO_UNROLL
  for (int n = 0; n < Rows / 16; ++n)
    group_multiply<true>(acc, a[n], HeadTile<D, Rows>::columns_at(tile, 16 * n), true);
}

/// A c as an a.
template <int N>
ORDO_DEVICE void all_as_a(const float (&c)[N][4], std::uint32_t (&a)[N / 2][4]) {
  ORDO_UNROLL
  for (int n = 0; n < N; n += 2) matrix::as_a(c[n], c[n + 1], a[n / 2]);
}

/// Which stage is next, and the phase of its barriers.
struct Turn {
  int stage = 0;
  int phase = 0;

  ORDO_DEVICE void next() {
    stage = (stage + 1) % stages;
    if (stage == 0) phase ^= 1;
  }
};

/// Barriers of the stages: filled by the copying thread and what it started, emptied by every warp that multiplies.
struct Stage {
  Barrier full;
  Barrier empty;
};
ORDO_DEVICE void start_stages(Stage* all, int count, int filling = 1) {
  for (int i = 0; i < count; ++i) {
    start_barrier(&all[i].full, filling);
    start_barrier(&all[i].empty, multiplying * group_threads / warp_size);
  }
}
/// The warp reads the stage no more.
ORDO_DEVICE void leave(Stage& stage) {
  meet_lanes();
  if (lane() == 0) arrive(&stage.empty);
}

/// Shared memory from a multiple of 1,024 bytes on, as swizzled tiles ask for; a launch asks for 1,024 bytes more.
inline constexpr std::size_t alignment = 1024;
ORDO_DEVICE bf16* aligned_memory() {
  auto* memory = shared_memory<unsigned char>();
#if !defined(ORDO_EMULATE_CUDA)
  memory += (alignment - shared_address(memory) % alignment) % alignment;
#endif
  return reinterpret_cast<bf16*>(memory);
}

/// Zeros in the rows of tiles from `first` on, by all threads of a group: what lies beyond a sequence's rows may be no
/// number, and nothing times that is none either. The groups write the same, each before its own products.
template <int D, int Rows>
ORDO_DEVICE void clear_rows(std::initializer_list<bf16*> tiles, int first) {
  using Cleared = HeadTile<D, Rows>;
  for (int i = thread_index() % group_threads; i < (Rows - first) * (D / 8); i += group_threads) {
    const int row = first + i / (D / 8);
    const int piece = i % (D / 8) * 8;  // whole pieces of 16 bytes: where they lie within the row does not matter
    constexpr float zeros[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (bf16* const tile : tiles) {
      store_eight(tile + piece / Cleared::wide * Cleared::panel + row * Cleared::wide + piece % Cleared::wide, zeros);
    }
  }
  show_shared();
  meet_some(1 + group_index(), group_threads);
}

/// The tiles of all rows of a matrix's heads. A matrix without rows is described as one with a row: nobody copies it.
template <int D>
[[nodiscard]] TileMap map_of(Matrix<const bf16> from) {
  from.rows = from.rows > 0 ? from.rows : 1;
  return tile_map(from, HeadTile<D, 64>::wide, 64);
}

}  // namespace ordo::cuda::warpgroup
