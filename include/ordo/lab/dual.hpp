#pragma once
// A number with its derivatives: forward-mode differentiation, so that a law is written once, as its formula.

#include <array>
#include <cmath>
#include <cstddef>

namespace ordo {

/// A value and its derivatives by K variables.
template <std::size_t K>
struct Dual {
  double value = 0;
  std::array<double, K> slope{};

  constexpr Dual() = default;
  constexpr Dual(double constant) : value(constant) {}  // NOLINT: a number is a Dual without slope
  /// Variable number k.
  [[nodiscard]] static constexpr Dual variable(double value, std::size_t k) {
    Dual x(value);
    x.slope[k] = 1;
    return x;
  }

  /// f(this), from the value of f there and of its derivative.
  [[nodiscard]] constexpr Dual mapped(double f, double derivative) const {
    Dual y(f);
    for (std::size_t k = 0; k < K; ++k) y.slope[k] = derivative * slope[k];
    return y;
  }

  constexpr Dual& operator+=(const Dual& b) {
    value += b.value;
    for (std::size_t k = 0; k < K; ++k) slope[k] += b.slope[k];
    return *this;
  }
  [[nodiscard]] friend constexpr Dual operator-(const Dual& a) { return a.mapped(-a.value, -1); }
  [[nodiscard]] friend constexpr Dual operator+(Dual a, const Dual& b) { return a += b; }
  [[nodiscard]] friend constexpr Dual operator-(const Dual& a, const Dual& b) { return a + -b; }
  [[nodiscard]] friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    Dual y(a.value * b.value);
    for (std::size_t k = 0; k < K; ++k) y.slope[k] = a.slope[k] * b.value + a.value * b.slope[k];
    return y;
  }
  [[nodiscard]] friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    const double ratio = a.value / b.value;
    Dual y(ratio);
    for (std::size_t k = 0; k < K; ++k) y.slope[k] = (a.slope[k] - ratio * b.slope[k]) / b.value;
    return y;
  }
};

[[nodiscard]] constexpr double value_of(double x) { return x; }
template <std::size_t K>
[[nodiscard]] constexpr double value_of(const Dual<K>& x) {
  return x.value;
}

template <std::size_t K>
[[nodiscard]] Dual<K> exp(const Dual<K>& x) {
  const double y = std::exp(x.value);
  return x.mapped(y, y);
}
template <std::size_t K>
[[nodiscard]] Dual<K> log(const Dual<K>& x) {
  return x.mapped(std::log(x.value), 1 / x.value);
}
template <std::size_t K>
[[nodiscard]] Dual<K> log1p(const Dual<K>& x) {
  return x.mapped(std::log1p(x.value), 1 / (1 + x.value));
}
template <std::size_t K>
[[nodiscard]] Dual<K> expm1(const Dual<K>& x) {
  const double y = std::expm1(x.value);
  return x.mapped(y, y + 1);
}

/// (1 - exp(-x)) / x, which is 1 at 0; x >= 0.
[[nodiscard]] inline double decayed_mean(double x) { return x == 0 ? 1 : -std::expm1(-x) / x; }
template <std::size_t K>
[[nodiscard]] Dual<K> decayed_mean(const Dual<K>& x) {
  const double y = decayed_mean(x.value);
  // Where x is small the difference loses its digits, and the series has them.
  const double slope = x.value < 1e-3 ? x.value * (1.0 / 3 - x.value / 8) - 0.5 : (std::exp(-x.value) - y) / x.value;
  return x.mapped(y, slope);
}

}  // namespace ordo
