#pragma once
// Intervals, and the quantiles that make them.

#include <algorithm>
#include <cstddef>
#include <vector>

#include <ordo/core/error.hpp>

namespace ordo {

/// From `low` to `high`; of a parameter of a law as it is fitted, not as it is shown.
struct Interval {
  double low = 0;
  double high = 0;
};

/// The value below which a share `q` of the numbers lies, between neighbours by a straight line.
[[nodiscard]] inline double quantile(std::vector<double> numbers, double q) {
  require(!numbers.empty(), "quantile", "there are no numbers");
  std::sort(numbers.begin(), numbers.end());
  const double at = q * static_cast<double>(numbers.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, numbers.size() - 1);
  return numbers[below] + (at - static_cast<double>(below)) * (numbers[above] - numbers[below]);
}

}  // namespace ordo
