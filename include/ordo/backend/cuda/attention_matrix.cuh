#pragma once
// Attention under a visibility rule on matrix units, in bf16 with sums and softmax in fp32: the way of FlashAttention-2
// (Dao 2023, arXiv:2307.08691), each tile asked of the rule. Runs on every device from sm_80 on.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <type_traits>

#include <ordo/backend/cuda/attention_tiles.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/matrix_unit.cuh>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/error.hpp>

namespace ordo::cuda {

namespace matrix {

inline constexpr int threads = 128;
inline constexpr int rows = 64;  // of a tile, of queries or keys: 16 for each warp
inline constexpr int groups = rows / 8;
inline constexpr float log2_e = 1.4426950408889634F;
inline constexpr float ln_2 = 0.6931471805599453F;

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

/// Two neighbours of a row at once: the first of them has an even column, so it lies on 4 bytes.
ORDO_DEVICE void store_pair(bf16* to, std::uint32_t both) {
#if defined(ORDO_EMULATE_CUDA)
  to[0] = bf16::of_bits(static_cast<std::uint16_t>(both));
  to[1] = bf16::of_bits(static_cast<std::uint16_t>(both >> 16));
#else
  *reinterpret_cast<std::uint32_t*>(to) = both;
#endif
}

/// Over the four lanes that share a row of c.
ORDO_DEVICE float row_max(float x) {
  for (const int mask : {1, 2}) {
    const float other = across(x, mask);
    x = other > x ? other : x;
  }
  return x;
}
ORDO_DEVICE float row_sum(float x) {
  for (const int mask : {1, 2}) x += across(x, mask);
  return x;
}

/// Throws where rows do not begin at multiples of 16 bytes: they are copied 16 bytes at a time.
inline void check_rows(const char* where, std::initializer_list<Matrix<const bf16>> all) {
  for (const Matrix<const bf16>& m : all) {
    require(m.stride % 8 == 0 && reinterpret_cast<std::uintptr_t>(m.data) % 16 == 0, where,
            "rows of bf16 must begin at multiples of 16 bytes (got a stride of ", m.stride, " numbers)");
  }
}

/// Whether dropout keeps each of the two keys of a lane in a group of eight: factors 0 or 1 / (1 - rate).
struct PairFactors {
  float first = 1;
  float second = 1;
};
ORDO_DEVICE PairFactors pair_factors(const Dropout& dropout, std::uint64_t sample, int head, std::int32_t slot,
                                     int group) {
  if (!dropout.active()) return {};
  const auto words = dropout.words(sample, static_cast<std::uint32_t>(head), static_cast<std::uint32_t>(slot),
                                   static_cast<std::uint32_t>(group));
  const int t = lane() % 4;
  const std::uint32_t word = t == 0 ? words[0] : t == 1 ? words[1] : t == 2 ? words[2] : words[3];
  const float scale = dropout.scale();
  return {(word & 0xffffU) >= dropout.threshold ? scale : 0.0F, (word >> 16) >= dropout.threshold ? scale : 0.0F};
}

}  // namespace matrix

/// A block: 64 queries of one head of one sequence, 16 to a warp. Tiles of 64 keys and values come in while the one
/// before is worked on. Rows of c: g and g + 8 of the warp's queries (see matrix_unit.cuh).
template <int D, class Rule, class Stored>
ORDO_KERNEL attention_matrix_kernel(AttentionCall<bf16, Stored> call, Matrix<bf16> out, Matrix<float> lse) {
  using namespace matrix;
  constexpr float nothing = -std::numeric_limits<float>::infinity();
  const HeadPlace<bf16, Rule, Stored> place(call);
  const int q0 = block_x() * rows;
  const int q1 = min_of(q0 + rows, place.sequence.queries);
  if (place.rule == nullptr || q0 >= q1) return;
  const int keys = place.sequence.keys;
  const int tiles = (keys + rows - 1) / rows;
  bf16* queries = shared_memory<bf16>();  // (64, stride)
  bf16* stages = queries + tile_size<D>;  // two of keys (64, stride) and values (64, stride)
  const auto ask = [&](int tile) { return place.ask(q0, q1, tile * rows, min_of((tile + 1) * rows, keys)); };
  const auto start = [&](int tile, int stage) {
    start_pair<D>(call.k, call.v, static_cast<std::int64_t>(place.sequence.key_begin) + tile * rows, keys - tile * rows,
                  place.column, stages + 2 * stage * tile_size<D>);
  };

  const int g = lane() / 4;
  const int t = lane() % 4;
  const int own[2] = {q0 + warp() * 16 + g, q0 + warp() * 16 + g + 8};
  const std::int32_t slots[2] = {place.slot(min_of(own[0], q1 - 1)), place.slot(min_of(own[1], q1 - 1))};
  const float to_log2 = call.scale() * log2_e;
  float best[2] = {nothing, nothing};  // in powers of two
  float sum[2] = {0, 0};
  float acc[D / 8][4];
  clear_sums(acc);
  OwnRows<D> own_queries(queries);
  const auto start_own = [&] { start_copy<D>(call.q, place.row(q0), q1 - q0, place.column, queries); };
  const auto work = [&](int tile, int stage) {
    const bf16* k_tile = stages + 2 * stage * tile_size<D>;
    const bf16* v_tile = k_tile + tile_size<D>;

    float score[groups][4];
    clear_sums(score);
    ORDO_UNROLL
    for (int c = 0; c < D; c += 16) {
      std::uint32_t a[4];
      own_queries.get(c / 16, a);
      ORDO_UNROLL
      for (int n = 0; n < groups; n += 2) {
        std::uint32_t b[4];
        load_b<D>(b, k_tile, n * 8, c);
        multiply_add_two(score[n], score[n + 1], a, b);
      }
    }

    const bool whole = (tile + 1) * rows <= keys && ask(tile) == Tile::all;
    float top[2] = {nothing, nothing};
    ORDO_UNROLL
    for (int n = 0; n < groups; ++n) {
      ORDO_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int key = tile * rows + n * 8 + 2 * t + i % 2;
        const bool visible = whole || (key < keys && place.rule->sees(slots[i / 2], key));
        score[n][i] = visible ? score[n][i] * to_log2 : nothing;
        top[i / 2] = score[n][i] > top[i / 2] ? score[n][i] : top[i / 2];
      }
    }
    float shrink[2];
    ORDO_UNROLL
    for (int r = 0; r < 2; ++r) {
      const float now = row_max(top[r]);
      const float larger = now > best[r] ? now : best[r];
      shrink[r] = larger == nothing ? 1.0F : std::exp2(best[r] - larger);
      best[r] = larger;
      sum[r] *= shrink[r];
    }
    ORDO_UNROLL
    for (int n = 0; n < D / 8; ++n) {
      ORDO_UNROLL
      for (int i = 0; i < 4; ++i) acc[n][i] *= shrink[i / 2];
    }
    std::uint32_t p[groups][2];  // rows g and g + 8 of each group of keys
    ORDO_UNROLL
    for (int n = 0; n < groups; ++n) {
      ORDO_UNROLL
      for (int r = 0; r < 2; ++r) {
        // Where nothing has been seen yet both are -infinity, and their difference is no number.
        float first = best[r] == nothing ? 0.0F : std::exp2(score[n][2 * r] - best[r]);
        float second = best[r] == nothing ? 0.0F : std::exp2(score[n][2 * r + 1] - best[r]);
        sum[r] += first + second;
        const PairFactors kept =
            pair_factors(call.dropout, place.sequence.sample, place.head, slots[r], tile * groups + n);
        p[n][r] = rounded_pair(first * kept.first, second * kept.second);
      }
    }
    ORDO_UNROLL
    for (int n = 0; n < groups; n += 2) {
      const std::uint32_t a[4] = {p[n][0], p[n][1], p[n + 1][0], p[n + 1][1]};
      ORDO_UNROLL
      for (int c = 0; c < D / 8; c += 2) {
        std::uint32_t b[4];
        load_b_transposed<D>(b, v_tile, n * 8, c * 8);
        multiply_add_two(acc[c], acc[c + 1], a, b);
      }
    }
  };
  walk_tiles(
      tiles, ask, start_own, start, [&] { own_queries.hold(); }, work);
  ORDO_UNROLL
  for (int r = 0; r < 2; ++r) {
    const float all = row_sum(sum[r]);
    if (own[r] >= q1) continue;
    const std::int64_t row = place.row(own[r]);
    const float inverse = all > 0 ? 1.0F / all : 0.0F;
    ORDO_UNROLL
    for (int n = 0; n < D / 8; ++n) {
      store_pair(out.row(row) + place.column + n * 8 + 2 * t,
                 rounded_pair(acc[n][2 * r] * inverse, acc[n][2 * r + 1] * inverse));
    }
    if (t == 0) lse.row(row)[place.head] = (best[r] + std::log2(all)) * ln_2;  // log 0 where nothing is seen
  }
}

/// Calls f with the head size as a constant. Throws where matrix units do not take it.
template <class F>
void with_head_size(int d, const F& f) {
  switch (d) {
    case 32: return f(std::integral_constant<int, 32>{});
    case 64: return f(std::integral_constant<int, 64>{});
    case 128: return f(std::integral_constant<int, 128>{});
    default: fail("attention", "in bf16 the head size must be 32, 64 or 128 (got ", d, ")");
  }
}

/// attention (see attention.cuh) in bf16, lse in fp32. Rows must begin at multiples of 16 bytes.
template <class Rule>
void attention_matrix(Queue queue, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const bf16> q,
                      Matrix<const bf16> k, Matrix<const bf16> v, Matrix<bf16> out, Matrix<float> lse) {
  const AttentionCall<bf16, Rule> call("attention", layout, dropout, q, k, v);
  matrix::check_rows("attention", {q, k, v, out});
  for_each_alternative<Rule>([&]<class One>(const One*) {
    with_head_size(call.d, [&](auto head_size) {
      constexpr int d = head_size();
      const Grid grid =
          call.grid(call.most_queries, matrix::rows, matrix::threads, 5 * matrix::tile_size<d> * sizeof(bf16));
      launch(queue, grid, attention_matrix_kernel<d, One, Rule>, call, out, lse);
    });
  });
}

}  // namespace ordo::cuda

namespace ordo {

/// attention (see attention.cuh) in bf16, on matrix units, lse in fp32. Throws where heads do not have 32, 64 or 128
/// columns.
template <class Rule>
void attention(const Cuda& b, const AttentionLayout<Rule>& layout, Dropout dropout, Matrix<const bf16> q,
               Matrix<const bf16> k, Matrix<const bf16> v, Matrix<bf16> out, Matrix<float> lse) {
  cuda::attention_matrix(b.queue(), layout, dropout, q, k, v, out, lse);
}

}  // namespace ordo
