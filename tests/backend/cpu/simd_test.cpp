#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <ordo/backend/cpu/simd.hpp>

using namespace ordo;

namespace {

float exp_of(float x) { return cpu::exp(cpu::broadcast(x))[0]; }

}  // namespace

TEST_CASE("exp is within 2e-7 of the truth over its whole range") {
  double worst = 0;
  for (double x = -87.3; x < 88.3; x += 0.00137) {
    const auto rounded = static_cast<float>(x);
    const double truth = std::exp(static_cast<double>(rounded));
    worst = std::max(worst, std::abs(static_cast<double>(exp_of(rounded)) / truth - 1));
  }
  CHECK(worst < 2e-7);
}

TEST_CASE("exp is exact at 0, 0 at minus infinity, finite above, and NaN for NaN") {
  CHECK(exp_of(0) == 1);
  CHECK(exp_of(-std::numeric_limits<float>::infinity()) == 0);
  CHECK(exp_of(-100) == 0);
  CHECK(exp_of(-87.3F) > 0);
  CHECK(std::isfinite(exp_of(1000)));
  CHECK(exp_of(1000) > 1e38F);
  CHECK(std::isnan(exp_of(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("sums, dot products and largest lanes do not forget a number") {
  for (int count = 0; count < 3 * cpu::lanes + 2; ++count) {
    std::vector<float> a;
    double expected = 0;
    for (int i = 0; i < count; ++i) {
      a.push_back(static_cast<float>(i + 1));
      expected += (i + 1.0) * (i + 1.0);
    }
    CHECK(static_cast<double>(cpu::dot(a.data(), a.data(), count)) == expected);
  }
  for (int place = 0; place < cpu::lanes; ++place) {
    std::vector<float> x(cpu::lanes, -3.0F);
    x[static_cast<std::size_t>(place)] = -2.0F;
    CHECK(cpu::largest(cpu::load(x.data())) == -2.0F);
    CHECK(cpu::sum(cpu::load(x.data())) == 1.0F - 3.0F * static_cast<float>(cpu::lanes));
  }
}

TEST_CASE("the last piece of a row is read and written alone") {
  std::vector<float> x(cpu::lanes + 3, 1.0F);
  x.push_back(7.0F);  // not part of it
  cpu::for_lanes(cpu::lanes + 3,
                 [&](std::int64_t i, auto get, auto set) { set(x.data() + i, get(x.data() + i) + 1.0F); });
  for (std::size_t i = 0; i + 1 < x.size(); ++i) CHECK(x[i] == 2.0F);
  CHECK(x.back() == 7.0F);
}
