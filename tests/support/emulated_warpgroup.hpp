#pragma once
// What emulated_device.hpp has not of ordo/backend/cuda/warpgroup.cuh and tensor_copy.cuh: barriers that copies arrive
// at, tiles copied by a unit of their own, and products of four warps, read from shared memory as the descriptors say.
// A real device does copies and products some time between their start and the moment that somebody waits for them:
// here at once or as late as can be, as a test chooses.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

#include <support/emulated_device.hpp>

#include <ordo/core/bf16.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo::cuda {

using Barrier = std::uint64_t;

/// As the driver would encode it.
struct TileMap {
  Matrix<const bf16> from{};
  int columns = 0;
  int rows = 0;
};

namespace emulated {

/// When copies and products are done.
struct Lateness {
  bool copies = false;
  bool products = true;
};
inline Lateness& lateness() {
  static Lateness late;
  return late;
}

/// Whether a backend made of the emulated device multiplies in groups of four warps.
inline bool& has_warpgroups() {
  static bool has = true;
  return has;
}

/// How far shared memory's `at` lies from its beginning: its address for a descriptor.
inline std::size_t shared_place(const void* at) {
  Block& block = *Block::current();
  const auto* first = static_cast<const unsigned char*>(block.shared());
  const auto* here = static_cast<const unsigned char*>(at);
  if (here < first || here >= first + block.grid().shared) throw std::logic_error("this is not shared memory");
  return static_cast<std::size_t>(here - first);
}
inline unsigned char* shared_byte(std::size_t place, std::size_t bytes) {
  Block& block = *Block::current();
  if (place + bytes > block.grid().shared) throw std::logic_error("beyond the end of shared memory");
  return static_cast<unsigned char*>(block.shared()) + place;
}
/// Where a byte of a tile whose rows have 128 or 64 bytes lies: 16 bytes at a time change places within eight rows.
inline std::size_t swizzled(std::size_t place, int row_bytes) {
  const std::size_t mask = row_bytes == 128 ? 7 : 3;
  return place ^ (((place >> 7) & mask) << 4);
}

/// A barrier's word: arrivals that are missing now, arrivals of a phase, phase, bytes on their way.
struct BarrierState {
  std::uint16_t missing;
  std::uint16_t of_phase;
  std::int32_t phase_and_bytes;  // phase in the lowest bit

  [[nodiscard]] int phase() const { return phase_and_bytes & 1; }
};
static_assert(sizeof(BarrierState) == sizeof(Barrier));

template <class Change>
void change_barrier(Barrier* barrier, const Change& change) {
  (void)shared_place(barrier);
  BarrierState state{};
  std::memcpy(&state, barrier, sizeof(state));
  int phase = state.phase();
  int bytes = state.phase_and_bytes >> 1;
  change(state.missing, bytes);
  if (state.missing == 0 && bytes == 0) {
    phase ^= 1;
    state.missing = state.of_phase;
  }
  state.phase_and_bytes = static_cast<std::int32_t>(static_cast<std::uint32_t>(bytes) << 1) | phase;
  std::memcpy(barrier, &state, sizeof(state));
  Block::current()->note_progress();
}
inline void arrive_at(Barrier* barrier, int bytes) {
  change_barrier(barrier, [&](std::uint16_t& missing, int& on_the_way) {
    if (missing == 0) throw std::logic_error("too many arrive at a barrier");
    --missing;
    on_the_way += bytes;
  });
}

}  // namespace emulated

inline void start_barrier(Barrier* barrier, int arrivals) {
  (void)emulated::shared_place(barrier);
  const auto count = static_cast<std::uint16_t>(arrivals);
  const emulated::BarrierState state{count, count, 0};
  std::memcpy(barrier, &state, sizeof(state));
}
inline void show_barriers() {}
inline void arrive(Barrier* barrier) { emulated::arrive_at(barrier, 0); }
inline void arrive_expecting(Barrier* barrier, int bytes) { emulated::arrive_at(barrier, bytes); }
inline void await(Barrier* barrier, int phase) {
  emulated::Block::current()->wait_until([=] {
    emulated::BarrierState state{};
    std::memcpy(&state, barrier, sizeof(state));
    return state.phase() != phase;
  });
}

inline TileMap tile_map(Matrix<const bf16> from, int columns, int rows) {
  if (from.stride % 8 != 0 || reinterpret_cast<std::uintptr_t>(from.data) % 16 != 0) {
    throw std::logic_error("a matrix's rows do not begin at multiples of 16 bytes");
  }
  if (from.rows <= 0 || from.cols <= 0) throw std::logic_error("the driver describes no tiles of an empty matrix");
  if ((columns != 64 && columns != 32) || rows < 1 || rows > 256) throw std::logic_error("no tile has this size");
  return {from, columns, rows};
}
inline void copy_tile(const TileMap& map, Barrier* there, bf16* to, int column, std::int64_t row) {
  const std::size_t place = emulated::shared_place(to);
  const int row_bytes = 2 * map.columns;
  if (place % (static_cast<std::size_t>(row_bytes) * 8) != 0) throw std::logic_error("a tile is not aligned");
  const auto copy = [=] {
    for (int r = 0; r < map.rows; ++r) {
      for (int c = 0; c < map.columns; ++c) {
        const bool inside = row + r >= 0 && row + r < map.from.rows && column + c < map.from.cols;
        const bf16 x = inside ? map.from.row(row + r)[column + c] : bf16(0.0F);
        const std::size_t at = emulated::swizzled(place + static_cast<std::size_t>(r * row_bytes + 2 * c), row_bytes);
        std::memcpy(emulated::shared_byte(at, 2), &x, 2);
      }
    }
    emulated::change_barrier(there, [&](std::uint16_t&, int& bytes) { bytes -= map.rows * row_bytes; });
  };
  if (emulated::lateness().copies) {
    emulated::Block::current()->later(true, copy);
  } else {
    copy();
  }
}
inline void show_shared() {}

inline void meet_some(int which, int threads) { emulated::Block::current()->meet_some(which, threads); }
template <int Count>
void give_registers() {}
template <int Count>
void take_registers() {}

/// An operand in shared memory, as the bits of its descriptor: address, leading and stride bytes in 16, swizzle.
inline std::uint64_t operand(const bf16* at, int leading_bytes, int stride_bytes, int row_bytes) {
  const std::size_t place = emulated::shared_place(at);
  return (static_cast<std::uint64_t>(place & 0x3ffff) >> 4) | (static_cast<std::uint64_t>(leading_bytes >> 4) << 16) |
         (static_cast<std::uint64_t>(stride_bytes >> 4) << 32) |
         (static_cast<std::uint64_t>(row_bytes == 128 ? 1 : 2) << 62);
}

namespace emulated {

/// The number `i` along the rows (of A or B) and `k` along the sum.
inline float operand_at(std::uint64_t descriptor, bool transposed, int i, int k) {
  const std::size_t start = (descriptor & 0x3fff) << 4;
  const std::size_t leading = ((descriptor >> 16) & 0x3fff) << 4;
  const std::size_t stride = ((descriptor >> 32) & 0x3fff) << 4;
  const int row_bytes = (descriptor >> 62) == 1 ? 128 : 64;
  if (((start >> 7) & 7) != 0) throw std::logic_error("an operand does not begin where its swizzle does");
  const auto of = [](int x) { return static_cast<std::size_t>(x); };
  std::size_t place = start;
  if (transposed) {  // columns lie next to one another, in panels of a row each
    const int wide = row_bytes / 2;
    place += of(i / wide) * leading + of(k / 8) * stride + of(k % 8 * row_bytes) + of(i % wide * 2);
  } else {
    place += of(i / 8) * stride + of(i % 8 * row_bytes) + of(2 * k);
  }
  bf16 x;
  std::memcpy(&x, shared_byte(swizzled(place, row_bytes), 2), 2);
  return x;
}

/// One product of four warps, as their threads ask for it.
struct GroupProduct {
  int columns = 0;
  int threads = 0;  // that have asked for it
  bool adds = false;
  bool transposed = false;
  std::uint64_t a = 0;  // where it lies in shared memory
  std::uint64_t b = 0;
  float* c[128] = {};                  // (columns / 8, 4) of each thread
  const std::uint32_t* own[128] = {};  // A's words, where threads hold it

  void compute() const {
    std::vector<float> a_all(64 * 16);
    std::vector<float> b_all(static_cast<std::size_t>(columns) * 16);
    for (int r = 0; r < 64; ++r) {
      for (int k = 0; k < 16; ++k) {
        const int thread = r / 16 * 32 + r % 8 * 4 + k % 8 / 2;
        a_all[static_cast<std::size_t>(r * 16 + k)] =
            own[0] != nullptr ? half_of(own[thread][r % 16 / 8 + k / 8 * 2], k % 2) : operand_at(a, false, r, k);
      }
    }
    for (int n = 0; n < columns; ++n) {
      for (int k = 0; k < 16; ++k) b_all[static_cast<std::size_t>(n * 16 + k)] = operand_at(b, transposed, n, k);
    }
    for (int t = 0; t < 128; ++t) {
      for (int i = 0; i < columns / 2; ++i) {
        const int row = t / 32 * 16 + t % 32 / 4 + i % 4 / 2 * 8;
        const int column = i / 4 * 8 + t % 4 * 2 + i % 2;
        float sum = adds ? c[t][i] : 0.0F;
        for (int k = 0; k < 16; ++k) {
          sum += a_all[static_cast<std::size_t>(row * 16 + k)] * b_all[static_cast<std::size_t>(column * 16 + k)];
        }
        c[t][i] = sum;
      }
    }
  }
};

/// What a group of four warps has asked for. Its threads ask for the same products one after the other; how far ahead
/// of the others each of them is, is open.
struct Group {
  static constexpr std::uint64_t most = 64;  // products on their way
  GroupProduct asked[most] = {};
  std::uint64_t done = 0;                          // products
  std::uint64_t own[128] = {};                     // products that this thread has asked for
  std::vector<std::uint64_t> committed[128] = {};  // how many of them each of its groups goes up to
};
inline Group& group() {
  struct Of {
    std::uint64_t run = 0;
    std::unique_ptr<Group> group;  // too large for a fiber's stack
  };
  thread_local std::map<int, Of> all;
  Of& of = all[thread_index() / 128];
  if (of.run != Block::current()->runs()) of = {Block::current()->runs(), std::make_unique<Group>()};
  return *of.group;
}

inline void ask_product(int columns, float* c, const std::uint32_t* own, std::uint64_t a, std::uint64_t b,
                        bool transposed, bool adds) {
  Group& mine = group();
  const int thread = thread_index() % 128;
  const std::uint64_t number = mine.own[thread]++;
  if (number - mine.done >= Group::most) throw std::logic_error("too many products are on their way");
  GroupProduct& product = mine.asked[number % Group::most];
  if (product.threads == 0) product = {columns, 0, adds, transposed, a, b, {}, {}};
  if (product.columns != columns || product.adds != adds || product.transposed != transposed || product.a != a ||
      product.b != b) {
    throw std::logic_error("the threads of a group ask for different products");
  }
  product.c[thread] = c;
  product.own[thread] = own;
  if (++product.threads < 128) return;
  const auto compute = [&mine, number] {
    mine.asked[number % Group::most].compute();
    mine.asked[number % Group::most].threads = 0;
    mine.done = number + 1;
  };
  if (lateness().products) {
    Block::current()->later(false, compute);
  } else {
    compute();
  }
  Block::current()->note_progress();
}

}  // namespace emulated

/// c (64, 8 N) = or += a b, a in shared memory, 64 rows; b (8 N rows, 16), or (16, 8 N) where it is transposed.
template <bool Transposed, int N>
void group_multiply(float (&c)[N][4], std::uint64_t a, std::uint64_t b, bool adds) {
  emulated::ask_product(8 * N, &c[0][0], nullptr, a, b, Transposed, adds);
}
template <bool Transposed, int N>
void group_multiply(float (&c)[N][4], const std::uint32_t (&a)[4], std::uint64_t b, bool adds) {
  emulated::ask_product(8 * N, &c[0][0], a, 0, b, Transposed, adds);
}
inline void begin_products() {}
inline void commit_products() {
  emulated::Group& mine = emulated::group();
  const int thread = thread_index() % 128;
  mine.committed[thread].push_back(mine.own[thread]);
}
template <int Left>
void wait_for_products() {
  emulated::Group& mine = emulated::group();
  const auto& committed = mine.committed[thread_index() % 128];
  if (committed.size() <= static_cast<std::size_t>(Left)) return;
  const std::uint64_t upto = committed[committed.size() - 1 - static_cast<std::size_t>(Left)];
  emulated::Block::current()->wait_until([&mine, upto] { return mine.done >= upto; });
}
template <int N>
void arrived(float (&)[N][4]) {}

}  // namespace ordo::cuda
