#pragma once
// Visibility between blocks: clean copies of earlier blocks, then slots that predict inside theirs (block diffusion,
// Arriola et al. 2025, arXiv:2503.09573).

#include <cstdint>

#include <ordo/core/host_device.hpp>
#include <ordo/core/tile.hpp>

namespace ordo {

/// Slots 0 .. clean - 1 show tokens 0 .. clean - 1, in blocks of `block`: each sees its own block and those before.
/// The slots behind are windows of `slots` slots each; the first window belongs to block `first`, the last begins at
/// `last_begin` (counted from `clean`) and may have another size. A window's slots see the clean copies of the blocks
/// before theirs, and one another by Inner (`last` in the last window).
template <class Inner>
struct Blocks {
  std::int32_t clean = 0;
  std::int32_t block = 1;
  std::int32_t first = 0;
  std::int32_t slots = 1;
  std::int32_t last_begin = 0;
  Inner inner{};
  Inner last{};

  [[nodiscard]] ORDO_HD constexpr bool sees(std::int32_t q, std::int32_t k) const {
    // No division by a key's number: along a row of queries' keys what depends on q alone is computed once.
    if (q < clean) return k < (q / block + 1) * block && k < clean;
    const std::int32_t w = window(q - clean);
    if (k < clean) return k < (first + w) * block;
    const std::int32_t from = clean + w * slots;
    const bool in_last = w == last_begin / slots;
    return k >= from && (in_last || k < from + slots) && within(w).sees(q - from, k - from);
  }

  [[nodiscard]] ORDO_HD constexpr Tile tile(std::int32_t q0, std::int32_t q1, std::int32_t k0, std::int32_t k1) const {
    // Cut where the clean copies end. Not by calling itself: a GPU's compiler could not inline it then.
    if (q1 <= clean) return of_clean(q0, q1, k0, k1);
    const Tile windows = of_windows(q0 < clean ? clean : q0, q1, k0, k1);
    return q0 < clean ? both(of_clean(q0, clean, k0, k1), windows) : windows;
  }

 private:
  /// What clean queries see.
  [[nodiscard]] ORDO_HD constexpr Tile of_clean(std::int32_t q0, std::int32_t q1, std::int32_t k0,
                                                std::int32_t k1) const {
    if (k0 >= clean || k0 / block > (q1 - 1) / block) return Tile::none;
    return k1 <= clean && (k1 - 1) / block <= q0 / block ? Tile::all : Tile::some;
  }
  /// What queries of windows see.
  [[nodiscard]] ORDO_HD constexpr Tile of_windows(std::int32_t q0, std::int32_t q1, std::int32_t k0,
                                                  std::int32_t k1) const {
    const std::int32_t w0 = window(q0 - clean);
    const std::int32_t w1 = window(q1 - 1 - clean);
    if (k1 <= clean) return of_copies(w0, w1, k0, k1);
    const Tile own = of_own(w0, w1, q0, q1, k0 < clean ? clean : k0, k1);
    return k0 < clean ? both(of_copies(w0, w1, k0, clean), own) : own;
  }
  /// What windows w0 .. w1 see of clean copies, and slots of windows of one another.
  [[nodiscard]] ORDO_HD constexpr Tile of_copies(std::int32_t w0, std::int32_t w1, std::int32_t k0,
                                                 std::int32_t k1) const {
    if (k0 >= (first + w1) * block) return Tile::none;
    return k1 <= (first + w0) * block ? Tile::all : Tile::some;
  }
  [[nodiscard]] ORDO_HD constexpr Tile of_own(std::int32_t w0, std::int32_t w1, std::int32_t q0, std::int32_t q1,
                                              std::int32_t k0, std::int32_t k1) const {
    const std::int32_t v0 = window(k0 - clean);
    const std::int32_t v1 = window(k1 - 1 - clean);
    if (v0 > w1 || v1 < w0) return Tile::none;
    if (w0 != w1 || v0 != v1) return Tile::some;
    const std::int32_t from = clean + w0 * slots;
    return within(w0).tile(q0 - from, q1 - from, k0 - from, k1 - from);
  }
  [[nodiscard]] ORDO_HD constexpr std::int32_t window(std::int32_t n) const {
    return n >= last_begin ? last_begin / slots : n / slots;
  }
  [[nodiscard]] ORDO_HD constexpr const Inner& within(std::int32_t w) const {
    return w == last_begin / slots ? last : inner;
  }
  /// Of a tile in two parts.
  [[nodiscard]] ORDO_HD static constexpr Tile both(Tile a, Tile b) { return a == b ? a : Tile::some; }
};

}  // namespace ordo
