#include <catch2/catch.hpp>
#include <cmath>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/swiglu.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("SwiGLU multiplies the ups by silu of the gates") {
  const Reference<double> b;
  const Table<double> gate_up = Table<double>::of({{0, std::log(3.0), 5, 8}});  // sigmoid 1/2 and 3/4
  Table<double> h(1, 2);
  swiglu(b, gate_up.view(), h.view());
  CHECK(h.at(0, 0) == 0);
  CHECK(h.at(0, 1) == Approx(6 * std::log(3.0)).epsilon(1e-14));
}

TEST_CASE("SwiGLU and its gradient stay finite at extreme gates") {
  const Reference<float> b;
  const Table<float> gate_up = Table<float>::of({{-1000, 1000, 2, 2}});
  Table<float> h(1, 2);
  swiglu(b, gate_up.view(), h.view());
  CHECK(relative_error(h, Table<float>::of({{0, 2000}})) == 0);
  Table<float> dgate_up(1, 4);
  swiglu_gradient(b, gate_up.view(), Table<float>::of({{1, 1}}).view(), dgate_up.view());
  CHECK(relative_error(dgate_up, Table<float>::of({{0, 2, 0, 1000}})) == 0);
}

TEST_CASE("SwiGLU's gradient agrees with central differences and is overwritten") {
  const Reference<double> b;
  RandomCase random(1);
  Table<double> gate_up = random.table(4, 10, 1);
  const Table<double> dh = random.table(4, 5, 2);
  Table<double> h(4, 5);
  Table<double> dgate_up(4, 10, 1);
  for (int c = 0; c < 10; ++c) dgate_up.at(2, c) = 7;  // must vanish
  swiglu_gradient(b, gate_up.view(), dh.view(), dgate_up.view());
  CHECK(gradient_error(dgate_up, gate_up, [&] {
          swiglu(b, gate_up.view(), h.view());
          return functional(dh, h);
        }) < gradient_tolerance);
}
