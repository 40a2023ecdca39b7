#pragma once
// What a visibility rule says of a rectangle of (query slot, key slot) pairs.

#include <cstdint>

namespace ordo {

/// `some` is always a legal answer; `none` and `all` are promises that attention relies on.
enum class Tile : std::uint8_t { none, some, all };

}  // namespace ordo
