#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include <support/random_cases.hpp>

#include <ordo/backend/reference/rows.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("gather and scatter_add refuse rows beyond the batch") {
  const Reference<double> b;
  Table<double> x(3, 2);
  Table<double> y(1, 2);
  const std::vector<std::int32_t> rows = {5};
  CHECK_THROWS_WITH(gather(b, x.view(), rows, y.view()), Catch::Contains("(got 5)"));
  CHECK_THROWS_WITH(scatter_add(b, y.view(), rows, x.view()), Catch::Contains("(got 5)"));
}

TEST_CASE("gather picks rows and scatter_add returns them to where they came from") {
  const Reference<double> b;
  RandomCase random(1);
  const Table<double> x = random.table(4, 3, 2);
  const std::vector<std::int32_t> rows = {1, 3};
  Table<double> y(2, 3);
  gather(b, x.view(), rows, y.view());
  Table<double> sum(4, 3);
  for (int c = 0; c < 3; ++c) {
    CHECK(y.at(0, c) == x.at(1, c));
    CHECK(y.at(1, c) == x.at(3, c));
    sum.at(1, c) = 10;
    sum.at(2, c) = 20;
  }
  scatter_add(b, y.view(), rows, sum.view());
  for (int c = 0; c < 3; ++c) {
    CHECK(sum.at(0, c) == 0);
    CHECK(sum.at(1, c) == 10 + x.at(1, c));
    CHECK(sum.at(2, c) == 20);
    CHECK(sum.at(3, c) == x.at(3, c));
  }
}
