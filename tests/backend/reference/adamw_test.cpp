#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <vector>

#include <ordo/backend/reference/adamw.hpp>

using namespace ordo;

namespace {

/// One decay for all parameters.
std::vector<DecayRange> all(const std::vector<double>& p, double decay) {
  return {{static_cast<std::int64_t>(p.size()), decay}};
}

}  // namespace

TEST_CASE("two AdamW steps give the numbers worked out by hand") {
  const Reference<double> b;
  std::vector<double> p = {1};
  std::vector<double> m = {0};
  std::vector<double> v = {0};
  AdamWStep step;
  step.rate = 0.1;
  step.beta1 = 0.5;
  step.beta2 = 0.75;
  step.epsilon = 0;
  step.clip = 2;
  step.correction1 = 0.5;
  step.correction2 = 0.25;
  const StepSums sums{.loss = 1, .squared_norm = 16};                    // twice what is allowed
  adamw(b, p, std::vector<double>{4}, m, v, all(p, 0.5), &step, &sums);  // scaled gradient 2
  CHECK(m[0] == 1);
  CHECK(v[0] == 1);
  CHECK(p[0] == Approx(0.85).epsilon(1e-14));  // 1 - 0.1 (2 / 2 + 0.5)
  step.correction1 = 0.75;
  step.correction2 = 0.4375;
  adamw(b, p, std::vector<double>{-4}, m, v, all(p, 0.5), &step, &sums);
  CHECK(m[0] == -0.5);
  CHECK(v[0] == 1.75);
  CHECK(p[0] == Approx(0.85 + 0.1 / 3 - 0.0425).epsilon(1e-14));  // -2/3 over sqrt(4), and 0.5 * 0.85
}

TEST_CASE("AdamW without a gradient only decays, and epsilon keeps it from dividing by zero") {
  const Reference<double> b;
  std::vector<double> p = {2, -2};
  std::vector<double> m(2);
  std::vector<double> v(2);
  AdamWStep step;
  step.rate = 0.5;
  const StepSums sums;
  adamw(b, p, std::vector<double>(2), m, v, all(p, 0.25), &step, &sums);
  CHECK(p == std::vector<double>{1.75, -1.75});
}

TEST_CASE("AdamW's decay is each parameter's own, by ranges that cover all") {
  const Reference<double> b;
  std::vector<double> p = {2, 2, 2, 2};
  std::vector<double> m(4);
  std::vector<double> v(4);
  AdamWStep step;
  step.rate = 0.5;
  const StepSums sums;
  const std::vector<double> none(4);
  adamw(b, p, none, m, v, std::vector<DecayRange>{{1, 0.25}, {1, 9}, {3, 0}, {4, 0.5}}, &step, &sums);
  CHECK(p == std::vector<double>{1.75, 2, 2, 1.5});
  CHECK_THROWS_WITH(adamw(b, p, none, m, v, std::vector<DecayRange>{{3, 0.25}}, &step, &sums),
                    "[ordo] adamw: decays must end where parameters do (got 3 for 4)");
  CHECK_THROWS_WITH(adamw(b, p, none, m, v, std::vector<DecayRange>{{3, 0.25}, {2, 0}, {4, 0}}, &step, &sums),
                    Catch::Contains("must rise (got 2 after 3)"));
}

TEST_CASE("AdamW's epsilon is added to the root, not under it") {
  const Reference<double> b;
  std::vector<double> p = {0};
  std::vector<double> m(1);
  std::vector<double> v(1);
  AdamWStep step;
  step.rate = 1;
  step.beta1 = 0;
  step.beta2 = 0;
  step.epsilon = 1;
  const StepSums sums{.loss = 1, .squared_norm = 9};
  adamw(b, p, std::vector<double>{3}, m, v, all(p, 0), &step, &sums);
  CHECK(p[0] == Approx(-0.75).epsilon(1e-14));
}

TEST_CASE("gradients are scaled down to the clip, and never up") {
  AdamWStep step;
  CHECK(step.gradient_scale({.loss = 0, .squared_norm = 100}) == 1);  // never clipped
  step.clip = 2;
  CHECK(step.gradient_scale({.loss = 0, .squared_norm = 100}) == 0.2);
  CHECK(step.gradient_scale({.loss = 0, .squared_norm = 4}) == 1);
  CHECK(step.gradient_scale({.loss = 0, .squared_norm = 0}) == 1);
}

TEST_CASE("a step whose loss or gradient is no finite number changes nothing") {
  const Reference<double> b;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const StepSums sums : {StepSums{nan, 1}, StepSums{1, nan}, StepSums{infinity, 1}, StepSums{1, infinity}}) {
    std::vector<double> p = {1};
    std::vector<double> m = {2};
    std::vector<double> v = {3};
    const AdamWStep step;
    adamw(b, p, std::vector<double>{3}, m, v, all(p, 0.1), &step, &sums);
    CHECK((p[0] == 1 && m[0] == 2 && v[0] == 3));
  }
}
