#pragma once
// What several models that differ in their seed alone say together.

#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

namespace program {

/// Two-sided 95 % quantile of Student's t for n - 1 degrees of freedom; infinite for one value. From 11 values on by
/// the first terms of its expansion about the normal quantile (Fisher and Cornish 1960), within 0.001.
inline double student_t(std::size_t n) {
  constexpr double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};
  if (n < 2) return std::numeric_limits<double>::infinity();
  if (n - 2 < std::size(table)) return table[n - 2];
  const double z = 1.959964;
  const double cube = z * z * z;
  const auto free = static_cast<double>(n - 1);
  return z + (cube + z) / (4 * free) + (5 * cube * z * z + 16 * cube + 3 * z) / (96 * free * free);
}

/// Half of a normal 95 % interval, in standard errors.
inline constexpr double normal_95 = 1.96;

/// A mean with its standard error; NaN where one value says nothing of it.
struct Mean {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double error = std::numeric_limits<double>::quiet_NaN();
  std::size_t count = 0;

  /// Half of the 95 % t-interval; NaN for one value.
  [[nodiscard]] double half_interval() const {
    return count < 2 ? std::numeric_limits<double>::quiet_NaN() : student_t(count) * error;
  }
  [[nodiscard]] double low() const { return mean - half_interval(); }
  [[nodiscard]] double high() const { return mean + half_interval(); }
  /// Of one value.
  [[nodiscard]] double deviation() const { return error * std::sqrt(static_cast<double>(count)); }
};

inline Mean mean_of(std::span<const double> values) {
  Mean m;
  m.count = values.size();
  if (values.empty()) return m;
  const auto n = static_cast<double>(values.size());
  m.mean = 0;
  for (const double v : values) m.mean += v / n;
  if (values.size() < 2) return m;
  double squares = 0;
  for (const double v : values) squares += (v - m.mean) * (v - m.mean);
  m.error = std::sqrt(squares / (n - 1) / n);
  return m;
}

/// a - b, value by value.
[[nodiscard]] inline std::vector<double> minus(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

}  // namespace program
