#pragma once
// How a slot that is not told its target knows which token it predicts.

#include <cstdint>

#include <ordo/core/host_device.hpp>

namespace ordo {

/// What slots that show one kind of thing at position p predict.
enum class Reads : std::uint8_t {
  nothing,  ///< no such slot predicts, or each is told its target's position
  own,      ///< the token that stands at p itself (masked diffusion)
  next,     ///< the token that stands at p + 1 (autoregression)
  unclear,  ///< sometimes one token, sometimes another: the network can only mix over them
};

/// The readout of a policy. Where it is clear, what a slot sees tells which token is asked, so a mean over draws of
/// exact losses stays a mean over orders; where it is not, the mean is only a bound. Only
/// the slot itself is looked at, so a policy may be called a bound whose slots could tell by what else they see.
struct Readout {
  Reads token = Reads::nothing;  ///< at slots that show a token or the start
  Reads mask = Reads::nothing;   ///< at slots that show the mask

  [[nodiscard]] ORDO_HD constexpr bool clear() const { return token != Reads::unclear && mask != Reads::unclear; }
  friend constexpr bool operator==(const Readout&, const Readout&) = default;
};

namespace detail {

[[nodiscard]] ORDO_HD constexpr Reads both(Reads a, Reads b) {
  if (a == Reads::nothing || a == b) return b;
  return b == Reads::nothing ? a : Reads::unclear;
}

}  // namespace detail

/// The readout of a network that serves both.
[[nodiscard]] ORDO_HD constexpr Readout both(Readout a, Readout b) {
  return {detail::both(a.token, b.token), detail::both(a.mask, b.mask)};
}

/// Of a policy that says nothing about it.
inline constexpr Readout unclear_readout{Reads::unclear, Reads::unclear};

}  // namespace ordo
