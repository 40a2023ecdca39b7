#pragma once
// Minimising a smooth function in a box: L-BFGS-B by the library LBFGS++.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include <LBFGSB.h>

namespace ordo {

/// When to stop. `rough` finds out which start is worth going on from: it stops where the last steps gained a
/// millionth.
enum class Precision : std::uint8_t { rough, full };

/// Moves `x` to a local minimum of f within [lowest, highest], and returns f there. `f(x, gradient)` returns the value
/// and writes the gradient. Where the line search fails, what was best so far is kept: near a minimum, rounding makes
/// it fail.
template <class F>
double minimise(const F& f, std::span<double> x, std::span<const double> lowest, std::span<const double> highest,
                Precision precision = Precision::full) {
  using Vector = Eigen::VectorXd;
  // Copies: g++ takes views of short arrays for reads beyond their end.
  const auto vector = [](std::span<const double> numbers) {
    Vector v(static_cast<Eigen::Index>(numbers.size()));
    std::copy(numbers.begin(), numbers.end(), v.data());
    return v;
  };
  Vector best = vector(x);
  double least = std::numeric_limits<double>::infinity();
  const auto tracked = [&](const Vector& at, Vector& gradient) {
    const double value = f(std::span<const double>(at.data(), x.size()), std::span<double>(gradient.data(), x.size()));
    if (value < least) {
      least = value;
      best = at;
    }
    return value;
  };
  LBFGSpp::LBFGSBParam<double> settings;
  settings.epsilon = 1e-9;
  settings.epsilon_rel = 1e-9;
  settings.past = precision == Precision::full ? 5 : 3;
  settings.delta = precision == Precision::full ? 1e-11 : 1e-6;
  settings.max_iterations = 300;
  settings.max_linesearch = 40;
  const Vector low = vector(lowest);
  const Vector high = vector(highest);
  // A restart from the best point forgets a spoilt approximation of the curvature.
  for (int attempt = 0; attempt < 3; ++attempt) {
    Vector at = best;
    double value = 0;
    const double before = least;
    try {
      LBFGSpp::LBFGSBSolver<double> solver(settings);
      auto function = tracked;
      solver.minimize(function, at, value, low, high);
      break;
    } catch (const std::exception&) {
      if (!(least < before - 1e-9 * std::abs(before))) break;
    }
  }
  std::copy(best.data(), best.data() + best.size(), x.begin());
  return least;
}

}  // namespace ordo
