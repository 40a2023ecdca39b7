#pragma once
// Noise schedules of masked diffusion: what share of the tokens is hidden at time t in [0, 1].

#include <cmath>
#include <concepts>
#include <string_view>

#include <ordo/core/host_device.hpp>

namespace ordo {

/// hidden(t) = t: alpha_t = 1 - t, weight -alpha'/(1 - alpha) = 1 / t.
struct Linear {
  static constexpr std::string_view name = "linear";
  [[nodiscard]] ORDO_HD double hidden(double t) const { return t; }
  [[nodiscard]] ORDO_HD double slope(double) const { return 1; }                ///< d hidden / dt
  [[nodiscard]] ORDO_HD double time_at(double hidden) const { return hidden; }  ///< inverse of hidden
};

/// hidden(t) = cos(pi (1 - t) / 2) (MDLM, Sahoo et al. 2024, arXiv:2406.07524):
/// alpha_t = 1 - cos(pi (1 - t) / 2), so the time spent with nearly everything hidden is long.
struct Cosine {
  static constexpr std::string_view name = "cosine";
  static constexpr double half_pi = 1.57079632679489661923;
  [[nodiscard]] ORDO_HD double hidden(double t) const { return std::cos(half_pi * (1 - t)); }
  [[nodiscard]] ORDO_HD double slope(double t) const { return half_pi * std::sin(half_pi * (1 - t)); }
  [[nodiscard]] ORDO_HD double time_at(double hidden) const { return 1 - std::acos(hidden) / half_pi; }
};

/// A schedule rises from hidden(0) = 0 to hidden(1) = 1 and can be inverted.
template <class S>
concept NoiseSchedule = requires(const S& s, double t) {
  { s.hidden(t) } -> std::convertible_to<double>;
  { s.slope(t) } -> std::convertible_to<double>;
  { s.time_at(t) } -> std::convertible_to<double>;
  { S::name } -> std::convertible_to<std::string_view>;
};

}  // namespace ordo
