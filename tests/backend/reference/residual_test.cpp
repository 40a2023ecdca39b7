#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/residual.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("without dropout the branch is added to the rows as it is, and its places are not read") {
  const Reference<double> b;
  RandomCase random(1);
  const Table<double> y = random.table(3, 4, 1);
  const Table<double> before = random.table(5, 4);
  const std::vector<std::int32_t> rows = {4, 0, 2};
  Table<double> x(3, 4);
  reference::join(b, before.view(), rows, y.view(), Dropout::off(), {}, x.view());
  Table<double> dy(3, 4);
  dropout_gradient(b, y.view(), Dropout::off(), {}, dy.view());
  for (int s = 0; s < 3; ++s) {
    for (int c = 0; c < 4; ++c) {
      CHECK(x.at(s, c) == before.at(rows[static_cast<std::size_t>(s)], c) + y.at(s, c));
      CHECK(dy.at(s, c) == y.at(s, c));
    }
  }
}

TEST_CASE("branch dropout keeps exactly what Dropout::keeps says, scaled by 1 / (1 - rate)") {
  const Reference<double> b;
  const Dropout dropout = Dropout::at(0.25, 11, 2, DropoutSite::attention_branch);
  const std::vector<std::uint64_t> sample = {3, 3, 0x2'0000'0003ULL};
  const std::vector<std::int32_t> slot = {0, 9, 9};
  Table<double> y(3, 50);
  for (double& number : y.all()) number = 3;
  const Table<double> zeros(3, 50);
  Table<double> x(3, 50);
  reference::join(b, zeros.view(), std::vector<std::int32_t>{0, 1, 2}, y.view(), dropout, RowPlaces{sample, slot},
                  x.view());
  for (int s = 0; s < 3; ++s) {
    const auto i = static_cast<std::size_t>(s);
    for (int c = 0; c < 50; ++c) {
      const bool kept = dropout.keeps(sample[i], 0, static_cast<std::uint32_t>(slot[i]), static_cast<std::uint32_t>(c));
      CHECK(x.at(s, c) == (kept ? Approx(4).epsilon(1e-6) : Approx(0)));
    }
  }
}

TEST_CASE("branch dropout drops its rate of the numbers") {
  const Reference<double> b;
  const Dropout dropout = Dropout::at(0.25, 12, 0, DropoutSite::feed_forward_branch);
  const int rows = 100;
  const int cols = 400;
  std::vector<std::uint64_t> sample(rows);
  std::vector<std::int32_t> slot(rows, 5);
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = i;
  Table<double> y(rows, cols);
  for (double& number : y.all()) number = 1;
  const Table<double> zeros(1, cols);
  Table<double> x(rows, cols);
  reference::join(b, zeros.view(), std::vector<std::int32_t>(rows, 0), y.view(), dropout, RowPlaces{sample, slot},
                  x.view());
  double dropped = 0;
  for (const double number : x.all()) dropped += number == 0 ? 1 : 0;
  const double standard_error = std::sqrt(0.25 * 0.75 / (rows * cols));  // 0.0022
  CHECK(std::abs(dropped / (rows * cols) - 0.25) < 4 * standard_error);
}

TEST_CASE("the gradient of a dropped branch agrees with central differences and is overwritten") {
  const Reference<double> b;
  const Dropout dropout = Dropout::at(0.5, 13, 1, DropoutSite::attention_branch);
  const std::vector<std::uint64_t> sample = {1, 1, 2};
  const std::vector<std::int32_t> slot = {0, 1, 0};
  RandomCase random(2);
  Table<double> y = random.table(3, 8);
  const Table<double> start = random.table(3, 8);
  const Table<double> dx = random.table(3, 8);
  Table<double> dy = random.table(3, 8);
  dropout_gradient(b, dx.view(), dropout, RowPlaces{sample, slot}, dy.view());
  CHECK(gradient_error(dy, y, [&] {
          Table<double> x(3, 8);
          reference::join(b, start.view(), std::vector<std::int32_t>{2, 0, 1}, y.view(), dropout,
                          RowPlaces{sample, slot}, x.view());
          return functional(dx, x);
        }) < gradient_tolerance);
}

TEST_CASE("without rows all of them join in order") {
  const Reference<double> b;
  RandomCase random(3);
  const Table<double> before = random.table(5, 4);
  const Table<double> branch = random.table(3, 4);
  Table<double> picked(3, 4);
  Table<double> all(3, 4);
  reference::join(b, before.view(), std::vector<std::int32_t>{0, 1, 2}, branch.view(), Dropout::off(), {},
                  picked.view());
  reference::join(b, before.view(), {}, branch.view(), Dropout::off(), {}, all.view());
  CHECK(picked.all().front() == before.at(0, 0) + branch.at(0, 0));
  for (int s = 0; s < 3; ++s) {
    for (int c = 0; c < 4; ++c) CHECK(all.at(s, c) == picked.at(s, c));
  }
}

TEST_CASE("join refuses rows beyond the stream") {
  const Reference<double> b;
  Table<double> x(3, 2);
  Table<double> y(1, 2);
  CHECK_THROWS_WITH(reference::join(b, x.view(), std::vector<std::int32_t>{3}, y.view(), Dropout::off(), {}, y.view()),
                    Catch::Contains("(got 3)"));
}
