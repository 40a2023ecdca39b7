#include <catch2/catch.hpp>
#include <vector>

#include <ordo/backend/reference/adamw.hpp>

using namespace ordo;

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
  step.decay = 0.5;
  step.gradient_scale = 0.5;
  step.correction1 = 0.5;
  step.correction2 = 0.25;
  adamw(b, p, std::vector<double>{4}, m, v, step);  // scaled gradient 2
  CHECK(m[0] == 1);
  CHECK(v[0] == 1);
  CHECK(p[0] == Approx(0.85).epsilon(1e-14));  // 1 - 0.1 (2 / 2 + 0.5)
  step.correction1 = 0.75;
  step.correction2 = 0.4375;
  adamw(b, p, std::vector<double>{-4}, m, v, step);
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
  step.decay = 0.25;
  adamw(b, p, std::vector<double>(2), m, v, step);
  CHECK(p == std::vector<double>{1.75, -1.75});
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
  step.decay = 0;
  adamw(b, p, std::vector<double>{3}, m, v, step);
  CHECK(p[0] == Approx(-0.75).epsilon(1e-14));
}
