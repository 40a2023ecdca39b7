#pragma once
// Rotary positions (Su et al. 2021, arXiv:2104.09864): cos and sin of position * theta^(-2i / D).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ordo/core/error.hpp>
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

/// Rows that `rotate` turns: x's row s by the angles of position[s], written to row rows[s] of `to`, or where there are
/// no rows to row s. Where there are no positions, rows are moved as they are. `to` may be x itself if there are no
/// rows.
template <class A>
struct Turn {
  Matrix<const A> x;                       // (S, H D), any number of heads
  std::span<const std::int32_t> position;  // (S), or none
  Matrix<A> to;
  std::span<const std::int32_t> rows{};  // (S), or none; they differ

  /// Whether it only says that what lies there stays.
  [[nodiscard]] bool stays() const { return position.empty() && rows.empty() && x.data == to.data; }
};

/// Throws where heads of this size cannot be turned, or a turn's parts do not fit.
template <class A>
void check_turn(const Turn<A>& turn, int head_size) {
  const auto fits = [&](std::span<const std::int32_t> list) {
    return list.empty() || static_cast<std::int64_t>(list.size()) == turn.x.rows;
  };
  require(head_size > 0 && head_size % 2 == 0 && turn.x.cols % head_size == 0, "rotate",
          "the head size must be even and divide the columns (got head size ", head_size, ", columns ", turn.x.cols,
          ")");
  require(fits(turn.position) && fits(turn.rows) && turn.to.cols == turn.x.cols, "rotate",
          "there must be as many positions and rows as x has, or none, and as many columns to write to (got ",
          turn.position.size(), " positions, ", turn.rows.size(), " rows, ", turn.to.cols, " columns for x (",
          turn.x.rows, ", ", turn.x.cols, "))");
  require(!turn.rows.empty() || turn.to.rows >= turn.x.rows, "rotate",
          "there must be a row to write to for each of x's (got ", turn.to.rows, " for ", turn.x.rows, ")");
  require(turn.rows.empty() || turn.to.data != turn.x.data, "rotate", "rows cannot be moved within one matrix");
}

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
