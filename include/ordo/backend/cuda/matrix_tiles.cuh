#pragma once
// What attention's kernels on matrix units share: tiles of 64 rows in shared memory, how they come in while the one
// before is worked on, and fragments of them.

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_unit.cuh>
#include <ordo/backend/cuda/running_softmax.cuh>
#include <ordo/core/bf16.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/tile.hpp>

namespace ordo::cuda {

namespace matrix {

inline constexpr int threads = 128;
inline constexpr int rows = 64;  // of a tile, of queries or keys: 16 for each warp
inline constexpr int groups = rows / 8;

/// Numbers from one row of a tile to the next in shared memory: 16 bytes more than a row, so that eight rows that are
/// loaded together lie in different banks.
template <int D>
inline constexpr int stride = D + 8;
template <int D>
inline constexpr int tile_size = rows* stride<D>;

/// Starts to copy `rows` rows of D numbers into a tile; zeros behind the first `count`.
template <int D>
ORDO_DEVICE void start_copy(Matrix<const bf16> from, std::int64_t first, int count, int column, bf16* to) {
  constexpr int pieces = D / 8;  // of a row, 16 bytes each
  for (int i = thread_index(); i < rows * pieces; i += threads) {
    const int row = i / pieces;
    const int piece = i % pieces;
    const bool valid = row < count;
    copy_async(to + row * stride<D> + 8 * piece, from.row(first + (valid ? row : 0)) + column + 8 * piece, valid);
  }
}

/// The same rows of two matrices, into two tiles that follow one another.
template <int D>
ORDO_DEVICE void start_pair(Matrix<const bf16> one, Matrix<const bf16> other, std::int64_t first, int count, int column,
                            bf16* to) {
  start_copy<D>(one, first, count, column, to);
  start_copy<D>(other, first, count, column, to + tile_size<D>);
}

/// Walks through those of `tiles` tiles that the block sees anything of: start(tile, stage) starts to copy one into
/// stage 0 or 1 while work(tile, stage) is at the one before. start_own() starts to copy what stays, and hold() is
/// called once that is there. ask(tile): what the block sees of it, the same for all its threads.
template <class Ask, class StartOwn, class Start, class Hold, class Work>
ORDO_DEVICE void walk_tiles(int tiles, const Ask& ask, const StartOwn& start_own, const Start& start, const Hold& hold,
                            const Work& work) {
  const auto next = [&](int tile) {  // the first from here on that anybody sees
    while (tile < tiles && ask(tile) == Tile::none) ++tile;
    return tile;
  };
  int tile = next(0);
  start_own();
  if (tile < tiles) start(tile, 0);
  commit_copies();
  bool fresh = true;
  for (int stage = 0; tile < tiles; stage ^= 1) {
    const int following = next(tile + 1);
    if (following < tiles) start(following, stage ^ 1);
    commit_copies();
    wait_for_copies<1>();
    meet();
    if (fresh) hold();
    fresh = false;
    work(tile, stage);
    meet();  // before the stage is filled again
    tile = following;
  }
  wait_for_copies<0>();  // where nothing was seen, what stays is still on its way
}

template <int N>
ORDO_DEVICE void clear_sums(float (&c)[N][4]) {
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    ORDO_UNROLL
    for (int i = 0; i < 4; ++i) c[n][i] = 0;
  }
}

/// As the a of a product: 16 rows of a tile from `row` on, 16 columns from `column` on.
template <int D>
ORDO_DEVICE void load_a(std::uint32_t (&a)[4], const bf16* tile, int row, int column) {
  load_fragments(a, tile + (row + lane() % 16) * stride<D> + column + lane() / 16 * 8);
}
/// A warp's own 16 rows of a tile that stays, as the a of many products: in registers where they fit, else loaded anew
/// each time.
template <int D>
class OwnRows {
 public:
  ORDO_DEVICE explicit OwnRows(const bf16* tile) : tile_(tile) {}
  /// When the tile is there.
  ORDO_DEVICE void hold() {
    if constexpr (held) {
      ORDO_UNROLL
      for (int i = 0; i < D / 16; ++i) load_a<D>(a_[i], tile_, warp() * 16, 16 * i);
    }
  }
  /// The 16 columns from 16 i on.
  ORDO_DEVICE void get(int i, std::uint32_t (&a)[4]) const {
    if constexpr (held) {
      ORDO_UNROLL
      for (int word = 0; word < 4; ++word) a[word] = a_[i][word];
    } else {
      load_a<D>(a, tile_, warp() * 16, 16 * i);
    }
  }

 private:
  static constexpr bool held = D <= 64;
  const bf16* tile_;
  std::uint32_t a_[held ? D / 16 : 1][4];
};
/// As two b: rows `row` .. + 7 and + 8 .. + 15 of a tile are the columns of the first and the second, 16 columns from
/// `column` on are their k.
template <int D>
ORDO_DEVICE void load_b(std::uint32_t (&b)[4], const bf16* tile, int row, int column) {
  load_fragments(b, tile + (row + lane() / 16 * 8 + lane() % 8) * stride<D> + column + lane() / 8 % 2 * 8);
}
/// As two b: 16 rows from `row` on are their k, columns `column` .. + 7 and + 8 .. + 15 those of the first and second.
template <int D>
ORDO_DEVICE void load_b_transposed(std::uint32_t (&b)[4], const bf16* tile, int row, int column) {
  load_fragments_transposed(b, tile + (row + lane() % 16) * stride<D> + column + lane() / 16 * 8);
}
/// c[n], c[n + 1] += a b, for the two b of a load.
ORDO_DEVICE void multiply_add_two(float (&c0)[4], float (&c1)[4], const std::uint32_t (&a)[4],
                                  const std::uint32_t (&b)[4]) {
  const std::uint32_t first[2] = {b[0], b[1]};
  const std::uint32_t second[2] = {b[2], b[3]};
  multiply_add(c0, a, first);
  multiply_add(c1, a, second);
}

/// Two neighbouring c as an a.
ORDO_DEVICE void as_a(const float (&first)[4], const float (&second)[4], std::uint32_t (&a)[4]) {
  a[0] = rounded_pair(first[0], first[1]);
  a[1] = rounded_pair(first[2], first[3]);
  a[2] = rounded_pair(second[0], second[1]);
  a[3] = rounded_pair(second[2], second[3]);
}

/// Two neighbours of a row at once: the first of them has an even column, so it lies on 4 bytes.
ORDO_DEVICE void store_pair(bf16* to, std::uint32_t both) {
#if defined(ORDO_EMULATE_CUDA)
  to[0] = bf16::of_bits(static_cast<std::uint16_t>(both));
  to[1] = bf16::of_bits(static_cast<std::uint16_t>(both >> 16));
#else
  *reinterpret_cast<std::uint32_t*>(to) = both;
#endif
}

/// Row r of a lane's c, times `factor`, to a row whose first column is the c's.
template <int D>
ORDO_DEVICE void store_row(const float (&c)[D / 8][4], int r, bf16* row, float factor = 1.0F) {
  ORDO_UNROLL
  for (int n = 0; n < D / 8; ++n) {
    store_pair(row + n * 8 + 2 * (lane() % 4), rounded_pair(c[n][2 * r] * factor, c[n][2 * r + 1] * factor));
  }
}

/// Throws where rows do not begin at multiples of 16 bytes: they are copied 16 bytes at a time.
inline void check_rows(const char* where, std::initializer_list<Matrix<const bf16>> all) {
  for (const Matrix<const bf16>& m : all) {
    require(m.stride % 8 == 0 && reinterpret_cast<std::uintptr_t>(m.data) % 16 == 0, where,
            "rows of bf16 must begin at multiples of 16 bytes (got a stride of ", m.stride, " numbers)");
  }
}

/// What a lane may see of a mixed tile, a bit for each of its 32 numbers of the c of all eight groups of columns:
/// number i of group n is bit 4 n + i. sees(n, second row, second column) is asked one by one: a rule's arithmetic, 32
/// times over, would take the registers that the sums need.
template <class Sees>
ORDO_DEVICE std::uint32_t seen_bits(const Sees& sees) {
  std::uint32_t bits = 0;
  ORDO_ONE_BY_ONE
  for (int j = 0; j < 32; ++j) bits |= (sees(j / 4, (j & 2) != 0, j & 1) ? 1U : 0U) << j;
  return bits;
}
ORDO_DEVICE bool is_set(std::uint32_t bits, int j) { return ((bits >> j) & 1U) != 0; }

}  // namespace matrix

}  // namespace ordo::cuda
