// Derivatives carried along equal central differences.

#include <array>
#include <cmath>

#include <catch2/catch.hpp>

#include <ordo/lab/dual.hpp>

namespace {

using ordo::Dual;

/// Compares f's slope at x with a central difference.
template <class F>
void check_slope(double x, const F& f, double h = 1e-6) {
  const Dual<1> y = f(Dual<1>::variable(x, 0));
  CAPTURE(x);
  CHECK(y.value == Approx(f(Dual<1>(x)).value));
  CHECK(y.slope[0] == Approx((f(Dual<1>(x + h)).value - f(Dual<1>(x - h)).value) / (2 * h)).epsilon(1e-6));
}

}  // namespace

TEST_CASE("functions of one variable have the slopes of central differences") {
  for (const double x : {0.01, 0.5, 1.7, 9.0}) {
    check_slope(x, [](const auto& v) { return exp(v); });
    check_slope(x, [](const auto& v) { return log(v); });
    check_slope(x, [](const auto& v) { return log1p(v); });
    check_slope(x, [](const auto& v) { return expm1(v); });
    check_slope(x, [](const auto& v) { return -v * v + v / (v + Dual<1>(2)) - Dual<1>(3); });
    check_slope(x, [](const auto& v) { return ordo::decayed_mean(v); });
  }
}

TEST_CASE("the decayed mean and its slope hold at 0, beside it, and far from it") {
  CHECK(ordo::decayed_mean(0.0) == 1);
  CHECK(ordo::decayed_mean(Dual<1>::variable(0, 0)).slope[0] == -0.5);
  for (const double x : {1e-12, 1e-6, 9.9e-4, 1.01e-3}) {  // both sides of where the series ends
    const Dual<1> y = ordo::decayed_mean(Dual<1>::variable(x, 0));
    CHECK(y.value == Approx(1 - x / 2 + x * x / 6).epsilon(1e-10));
    CHECK(y.slope[0] == Approx(-0.5 + x / 3 - x * x / 8).epsilon(1e-9));
  }
  CHECK(ordo::decayed_mean(1e6) == Approx(1e-6));
}

TEST_CASE("each variable has a slope of its own") {
  const auto x = Dual<2>::variable(3, 0);
  const auto y = Dual<2>::variable(5, 1);
  CHECK((x * y).slope == std::array<double, 2>{5, 3});
  CHECK((x / y).slope == std::array<double, 2>{1.0 / 5, -3.0 / 25});
  CHECK((x + y - Dual<2>(1)).slope == std::array<double, 2>{1, 1});
}
