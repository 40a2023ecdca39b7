#pragma once
// A power law through crossings, of which some lie beyond what was spent.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include <ordo/lab/dual.hpp>
#include <ordo/lab/frontier.hpp>
#include <ordo/lab/minimise.hpp>

namespace ordo {

/// log C = intercept + exponent log U.
struct PowerLaw {
  double intercept = 0;
  double exponent = 0;
  double scatter = 0;  ///< standard deviation of log C about the line

  [[nodiscard]] double at(double x) const { return std::exp(intercept + exponent * std::log(x)); }
};

namespace detail {

/// log of the standard normal distribution function.
template <std::size_t K>
[[nodiscard]] Dual<K> log_normal_cdf(const Dual<K>& z) {
  const double x = z.value;
  const double log_density = -0.5 * x * x - 0.5 * std::log(2 * std::numbers::pi);
  if (x < -30) return z.mapped(log_density - std::log(-x), -x - 1 / x);  // the tail's leading term
  const double p = 0.5 * std::erfc(-x / std::numbers::sqrt2);
  return z.mapped(std::log(p), std::exp(log_density) / p);
}

}  // namespace detail

/// The line through crossings, by maximum likelihood with normal scatter of log C; a censored budget counts as one
/// whose crossing lies beyond what was spent. None where fewer than two budgets have a crossing: the exponent is not
/// known.
[[nodiscard]] inline std::optional<PowerLaw> fit_power_law(std::span<const double> unique_tokens,
                                                           std::span<const Crossing> crossings) {
  std::vector<double> x;
  std::vector<double> y;
  for (std::size_t i = 0; i < crossings.size(); ++i) {
    if (crossings[i].kind != Crossing::Kind::at) continue;
    x.push_back(std::log(unique_tokens[i]));
    y.push_back(std::log(crossings[i].flops));
  }
  if (x.size() < 2 || *std::max_element(x.begin(), x.end()) == *std::min_element(x.begin(), x.end())) {
    return std::nullopt;
  }
  // Least squares of what is seen: the answer where nothing is censored, else the start.
  const auto n = static_cast<double>(x.size());
  double mx = 0;
  double my = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mx += x[i] / n;
    my += y[i] / n;
  }
  double xx = 0;
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    xy += (x[i] - mx) * (y[i] - my);
  }
  PowerLaw law{my - xy / xx * mx, xy / xx, 0};
  for (std::size_t i = 0; i < x.size(); ++i) {
    law.scatter += std::pow(y[i] - law.intercept - law.exponent * x[i], 2) / n;
  }
  // With two points, or points on a line, the scatter would be 0; crossings are not known to better than this.
  constexpr double least_scatter = 0.1;
  law.scatter = std::max(std::sqrt(law.scatter), least_scatter);
  if (x.size() == crossings.size()) return law;

  const auto objective = [&](std::span<const double> at, std::span<double> gradient) {
    using D = Dual<3>;
    const D level = D::variable(at[0], 0);  // log C at the mean of x, which decorrelates it from the exponent
    const D exponent = D::variable(at[1], 1);
    const D log_scatter = D::variable(at[2], 2);
    D sum(0);
    for (std::size_t i = 0; i < crossings.size(); ++i) {
      const D line = level + exponent * D(std::log(unique_tokens[i]) - mx);
      const D z = (D(std::log(crossings[i].flops)) - line) / exp(log_scatter);
      switch (crossings[i].kind) {
        case Crossing::Kind::at: sum += z * z * D(0.5) + log_scatter; break;
        case Crossing::Kind::above: sum += -detail::log_normal_cdf(-z); break;
        case Crossing::Kind::below: sum += -detail::log_normal_cdf(z); break;
      }
    }
    std::copy(sum.slope.begin(), sum.slope.end(), gradient.begin());
    return sum.value;
  };
  std::array<double, 3> at = {law.intercept + law.exponent * mx, law.exponent, std::log(law.scatter)};
  const std::array<double, 3> low = {at[0] - 40, -20, std::log(least_scatter)};
  const std::array<double, 3> high = {at[0] + 40, 20, 5};
  (void)minimise(objective, at, low, high);
  return PowerLaw{at[0] - at[1] * mx, at[1], std::exp(at[2])};
}

}  // namespace ordo
