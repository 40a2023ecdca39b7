#pragma once
// Shared memory of the gradients of attention_warpgroup.

#include <cstddef>
#include <cstdint>

#include <ordo/backend/cuda/device.cuh>
#include <ordo/backend/cuda/tensor_copy.cuh>
#include <ordo/backend/cuda/warpgroup_tiles.cuh>
#include <ordo/core/bf16.hpp>

namespace ordo::cuda {

struct GradientMaps {
  TileMap q;
  TileMap k;
  TileMap v;
  TileMap dout;
};

namespace warpgroup {

/// Keys of a tile of the pass that gives dq: as many as the registers of 64 queries allow.
template <int D>
inline constexpr int passing_keys = D <= 64 ? 128 : 64;
inline constexpr int passing_queries = 64;

template <int D, int Rows>
inline constexpr std::size_t gradient_bytes = alignment + 2 * HeadTile<D, own_rows>::bytes +
                                              2 * stages* HeadTile<D, Rows>::bytes + (1 + 2 * stages) * sizeof(Barrier);

/// Two matrices' tiles of own rows, then stages of two matrices' tiles of `Rows`, then barriers.
template <int D, int Rows>
struct Room {
  using Own = HeadTile<D, own_rows>;
  using Passing = HeadTile<D, Rows>;
  bf16* own[2];
  Stage* stage;
  Barrier* own_there;

  ORDO_DEVICE Room() {
    own[0] = aligned_memory();
    own[1] = own[0] + Own::size;
    stage = reinterpret_cast<Stage*>(tile(0, stages));
    own_there = reinterpret_cast<Barrier*>(stage + stages);
  }
  [[nodiscard]] ORDO_DEVICE bf16* tile(int which, int at) const {
    return own[1] + Own::size + (2 * at + which) * Passing::size;
  }
  /// By all threads of the block. `filling`: how many threads arrive where a stage is filled.
  ORDO_DEVICE void start(int filling) const {
    if (thread_index() == 0) {
      start_stages(stage, stages, filling);
      start_barrier(own_there, 1);
      show_barriers();
    }
    meet();
  }
  /// By one thread.
  ORDO_DEVICE void copy_own(const TileMap& first, const TileMap& second, int column, std::int64_t row) const {
    arrive_expecting(own_there, 2 * Own::bytes);
    Own::copy(first, own_there, own[0], column, row);
    Own::copy(second, own_there, own[1], column, row);
  }
  ORDO_DEVICE void copy(const TileMap& first, const TileMap& second, int at, int column, std::int64_t row) const {
    arrive_expecting(&stage[at].full, 2 * Passing::bytes);
    Passing::copy(first, &stage[at].full, tile(0, at), column, row);
    Passing::copy(second, &stage[at].full, tile(1, at), column, row);
  }
};

}  // namespace warpgroup

}  // namespace ordo::cuda
