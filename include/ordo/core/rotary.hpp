#pragma once
// Rotary positions (Su et al. 2021, arXiv:2104.09864): cos and sin of position * theta^(-2i / D).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/core/matrix.hpp>

namespace ordo {

/// Forward rotates by the position; backward by its negative (the transpose, for gradients).
enum class Rotation : std::uint8_t { forward, backward };

/// A view of the angles: row p holds position p, column i the pair (i, i + D / 2) of a head, as in Llama.
template <class R>
struct RotaryTable {
  Matrix<const R> cosine;  // (positions, D / 2)
  Matrix<const R> sine;    // (positions, D / 2)
};

/// The angles of `positions` positions, cosines first, computed in double: 2 * positions * D / 2 numbers.
template <class R>
[[nodiscard]] std::vector<R> rotary_angles(int positions, int head_size, double theta) {
  const int half = head_size / 2;
  const auto count = static_cast<std::size_t>(positions) * static_cast<std::size_t>(half);
  std::vector<R> angles(2 * count);
  for (int p = 0; p < positions; ++p) {
    for (int i = 0; i < half; ++i) {
      const double angle = p * std::pow(theta, -2.0 * i / head_size);
      const auto at = static_cast<std::size_t>(p) * static_cast<std::size_t>(half) + static_cast<std::size_t>(i);
      angles[at] = static_cast<R>(std::cos(angle));
      angles[count + at] = static_cast<R>(std::sin(angle));
    }
  }
  return angles;
}

}  // namespace ordo
