#pragma once
// Gradient checks by central differences, and the error that the tests of backends are stated in.

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <support/random_cases.hpp>

namespace ordo::testing {

/// |got - expected| / |expected| in the Euclidean norm; equal infinities count as equal. Infinite where a number is
/// not one, where sizes differ, or where zero was expected and something else came.
template <class A, class B>
[[nodiscard]] double relative_error(std::span<const A> got, std::span<const B> expected) {
  constexpr double wrong = std::numeric_limits<double>::infinity();
  if (got.size() != expected.size()) return wrong;
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto a = static_cast<double>(got[i]);
    const auto b = static_cast<double>(expected[i]);
    if (std::isinf(b) && a == b) continue;
    difference += (a - b) * (a - b);
    norm += b * b;
  }
  if (difference == 0) return 0;
  const double error = std::sqrt(difference / norm);
  return std::isnan(error) ? wrong : error;
}
template <class A, class B>
[[nodiscard]] double relative_error(const std::vector<A>& got, const std::vector<B>& expected) {
  return relative_error(std::span<const A>(got), std::span<const B>(expected));
}
/// Of everything that the tables hold, padding included: nobody may write there.
template <class A, class B>
[[nodiscard]] double relative_error(const Table<A>& got, const Table<B>& expected) {
  return relative_error(got.all(), expected.all());
}

/// The step of the differences below, and the relative error that a right gradient stays under: with numbers of
/// order 1 truncation is about step^2 = 1e-10 and rounding about 1e-16 / step = 1e-11 for each term of a sum.
inline constexpr double difference_step = 1e-5;
inline constexpr double gradient_tolerance = 1e-7;

/// The gradient of f() with respect to the numbers x that it reads, by central differences.
template <class F>
[[nodiscard]] std::vector<double> differences(std::span<double> x, const F& f) {
  std::vector<double> gradient;
  for (double& number : x) {
    const double kept = number;
    number = kept + difference_step;
    const double above = f();
    number = kept - difference_step;
    const double below = f();
    number = kept;
    gradient.push_back((above - below) / (2 * difference_step));
  }
  return gradient;
}

/// How far `gradient` is from the differences of f with respect to x.
template <class F>
[[nodiscard]] double gradient_error(std::span<const double> gradient, std::span<double> x, const F& f) {
  const std::vector<double> expected = differences(x, f);
  return relative_error(gradient, std::span<const double>(expected));
}
template <class F>
[[nodiscard]] double gradient_error(const Table<double>& gradient, Table<double>& x, const F& f) {
  return gradient_error(gradient.all(), x.all(), f);
}

/// A linear functional of an output: the sum of weight * y, padding left out.
[[nodiscard]] inline double functional(const Table<double>& weight, const Table<double>& y) {
  const Matrix<const double> w = weight.view();
  const Matrix<const double> m = y.view();
  double sum = 0;
  for (std::int64_t r = 0; r < m.rows; ++r) {
    for (std::int64_t c = 0; c < m.cols; ++c) sum += w.row(r)[c] * m.row(r)[c];
  }
  return sum;
}

/// after - before: what an accumulating operation added.
[[nodiscard]] inline std::vector<double> added(std::span<const double> after, std::span<const double> before) {
  std::vector<double> difference;
  for (std::size_t i = 0; i < after.size(); ++i) difference.push_back(after[i] - before[i]);
  return difference;
}

}  // namespace ordo::testing
