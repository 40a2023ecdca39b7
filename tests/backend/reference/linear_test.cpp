#include <catch2/catch.hpp>
#include <vector>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/linear.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("linear refuses matrices that do not fit, and says their shapes") {
  const Reference<double> b;
  Table<double> x(2, 3);
  Table<double> w(5, 4);
  Table<double> y(2, 5);
  CHECK_THROWS_WITH(linear(b, x.view(), w.view(), y.view()), Catch::Contains("(got (2, 3), (5, 4) and (2, 5))"));
  CHECK_THROWS_WITH(linear_input_gradient(b, y.view(), w.view(), x.view()), Catch::Contains("linear_input_gradient"));
  CHECK_THROWS_WITH(linear_weight_gradient(b, y.view(), x.view(), w.view()), Catch::Contains("linear_weight_gradient"));
}

TEST_CASE("linear multiplies by the transposed weight") {
  const Reference<double> b;
  const Table<double> x = Table<double>::of({{1, 10}});
  const Table<double> w = Table<double>::of({{0, 1}, {1, 1}, {2, 1}});
  Table<double> y(1, 3);
  linear(b, x.view(), w.view(), y.view());
  CHECK(relative_error(y, Table<double>::of({{10, 11, 12}})) == 0);
}

TEST_CASE("linear's gradients agree with central differences; the input's is overwritten, the weight's added") {
  const Reference<double> b;
  RandomCase random(1);
  Table<double> x = random.table(4, 5, 2);
  Table<double> w = random.table(3, 5);
  const Table<double> dy = random.table(4, 3, 1);
  Table<double> y(4, 3, 2);
  const auto loss = [&] {
    linear(b, x.view(), w.view(), y.view());
    return functional(dy, y);
  };
  Table<double> dx(4, 5, 2);
  for (int c = 0; c < 5; ++c) dx.at(1, c) = 7;  // must vanish
  linear_input_gradient(b, dy.view(), w.view(), dx.view());
  CHECK(gradient_error(dx, x, loss) < gradient_tolerance);
  Table<double> dw = random.table(3, 5);
  const Table<double> before = dw;
  linear_weight_gradient(b, dy.view(), x.view(), dw.view());
  CHECK(gradient_error(added(dw.all(), before.all()), w.all(), loss) < gradient_tolerance);
}

TEST_CASE("a row of linear has the same bits alone and in a batch") {
  const Reference<float> b;
  RandomCase random(2);
  const Table<float> x = random.table(9, 35).as<float>();
  const Table<float> w = random.table(17, 35).as<float>();
  Table<float> whole(9, 17);
  linear(b, x.view(), w.view(), whole.view());
  bool same = true;
  for (int s = 0; s < 9; ++s) {
    Table<float> alone(1, 17);
    linear(b, x.view().slice(s, 1), w.view(), alone.view());
    for (int o = 0; o < 17; ++o) same = same && alone.at(0, o) == whole.at(s, o);
  }
  CHECK(same);
}
