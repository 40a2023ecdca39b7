#pragma once
// Visibility in the order of the slots: itself and everything before.

#include <cstdint>

#include <ordo/core/host_device.hpp>
#include <ordo/core/tile.hpp>

namespace ordo {

struct Causal {
  [[nodiscard]] ORDO_HD constexpr bool sees(std::int32_t q, std::int32_t k) const { return k <= q; }
  [[nodiscard]] ORDO_HD constexpr Tile tile(std::int32_t q0, std::int32_t q1, std::int32_t k0, std::int32_t k1) const {
    if (k1 - 1 <= q0) return Tile::all;
    return k0 > q1 - 1 ? Tile::none : Tile::some;
  }
};

}  // namespace ordo
