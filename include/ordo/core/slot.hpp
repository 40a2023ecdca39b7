#pragma once
// The vocabulary of plans: what a slot of the transformer's input shows, and what it predicts.

#include <cstdint>

#include <ordo/core/host_device.hpp>

namespace ordo {

/// A token id: 0 .. vocab - 1. Ids `vocab` and `vocab + 1` are the mask's and the start's rows of the table.
using Token = std::int32_t;

/// Stands for "none" wherever an index or a position is optional.
inline constexpr std::int32_t absent = -1;

/// What a slot shows to the network.
enum class Shows : std::uint8_t {
  token,        ///< a token of the sequence; `index` says which
  mask,         ///< the mask symbol
  start,        ///< the start symbol
  replacement,  ///< another token than the sequence's; `index` is its id
};

/// One input slot of a plan. Positions: the start stands at 0, token i at i + 1, in every factorization.
struct Slot {
  Shows shows = Shows::start;
  std::int32_t index = absent;            ///< token: index into the sequence; replacement: token id
  std::int32_t position = 0;              ///< where the shown thing stands (rotary embedding)
  std::int32_t target = absent;           ///< index of the token that this slot predicts, or absent
  std::int32_t target_position = absent;  ///< position of the target, if the network is told
  float weight = 0;                       ///< factor of the cross-entropy here, so that losses add up to nats

  /// A slot that shows the start symbol.
  [[nodiscard]] ORDO_HD static constexpr Slot start() { return {}; }
  /// A slot that shows token i of the sequence.
  [[nodiscard]] ORDO_HD static constexpr Slot token(std::int32_t i) {
    return {Shows::token, i, i + 1, absent, absent, 0};
  }
  /// A slot that shows the mask symbol where token i stands.
  [[nodiscard]] ORDO_HD static constexpr Slot mask(std::int32_t i) {
    return {Shows::mask, absent, i + 1, absent, absent, 0};
  }

  /// The same slot, predicting token i with this weight.
  [[nodiscard]] ORDO_HD constexpr Slot predicting(std::int32_t i, float w = 1) const {
    Slot s = *this;
    s.target = i;
    s.weight = w;
    return s;
  }
  /// The same slot, told where its target stands (sigma-GPT, Pannatier et al. 2024, arXiv:2404.09562).
  [[nodiscard]] ORDO_HD constexpr Slot told() const {
    Slot s = *this;
    s.target_position = target + 1;
    return s;
  }
  [[nodiscard]] ORDO_HD constexpr bool predicts() const { return target != absent; }

  friend constexpr bool operator==(const Slot&, const Slot&) = default;
};

/// What a plan may depend on besides the draw: never token values.
struct Shape {
  std::int32_t length = 0;  ///< T, the number of tokens of the sequence
};

}  // namespace ordo
