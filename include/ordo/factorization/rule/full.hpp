#pragma once
// Visibility without order: every slot sees every slot.

#include <cstdint>

#include <ordo/core/host_device.hpp>
#include <ordo/core/tile.hpp>

namespace ordo {

struct Full {
  [[nodiscard]] ORDO_HD constexpr bool sees(std::int32_t, std::int32_t) const { return true; }
  [[nodiscard]] ORDO_HD constexpr Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const {
    return Tile::all;
  }
};

}  // namespace ordo
