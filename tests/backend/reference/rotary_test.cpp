#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/rotary.hpp>

using namespace ordo;
using namespace ordo::testing;

namespace {

/// Angles of 20 positions, with the numbers that a RotaryTable points to.
struct Angles {
  explicit Angles(int size) : head_size(size), numbers(rotary_angles<double>(20, size, 10000)) {}
  [[nodiscard]] RotaryTable<double> table() const {
    const int half = head_size / 2;
    return {{numbers.data(), 20, half}, {numbers.data() + 20 * half, 20, half}};
  }
  int head_size;
  std::vector<double> numbers;
};

}  // namespace

TEST_CASE("rotate refuses head sizes that do not divide the columns, and positions beyond the table") {
  const Reference<double> b;
  const Angles angles(4);
  Table<double> x(1, 8);
  const std::vector<std::int32_t> position = {20};
  const std::vector<std::int32_t> start = {0};
  const std::vector<std::int32_t> rows = {1};
  CHECK_THROWS_WITH(rotate(b, angles.table(), {{x.view(), start, x.view()}}, 6, Rotation::forward),
                    Catch::Contains("(got head size 6, columns 8)"));
  CHECK_THROWS_WITH(rotate(b, angles.table(), {{x.view(), start, x.view()}}, 1, Rotation::forward),
                    Catch::Contains("even"));
  CHECK_THROWS_WITH(rotate(b, angles.table(), {{x.view(), position, x.view()}}, 4, Rotation::forward),
                    "[ordo] rotate: positions must be below 20 (got 20)");
  Table<double> other(1, 8);
  CHECK_THROWS_WITH(rotate(b, angles.table(), {{x.view(), start, other.view(), rows}}, 4, Rotation::forward),
                    Catch::Contains("(got 1)"));
  const std::vector<std::int32_t> two = {0, 0};
  CHECK_THROWS_WITH(rotate(b, angles.table(), {{x.view(), two, x.view()}}, 4, Rotation::forward),
                    Catch::Contains("(got 2 positions, 0 rows, 8 columns for x (1, 8))"));
}

TEST_CASE("rotate refuses to write beyond a matrix, and onto rows that it reads") {
  const Reference<double> b;
  const Angles angles(4);
  Table<double> x(2, 8);
  Table<double> small(1, 8);
  const std::vector<std::int32_t> position = {0, 1};
  const std::vector<std::int32_t> rows = {1, 0};
  CHECK_THROWS_WITH(rotate(b, angles.table(), {{x.view(), position, small.view()}}, 4, Rotation::forward),
                    Catch::Contains("(got 1 for 2)"));
  CHECK_THROWS_WITH(rotate(b, angles.table(), {{x.view(), position, x.view(), rows}}, 4, Rotation::forward),
                    Catch::Contains("within one matrix"));
}

TEST_CASE("rotate turns the pairs (i, i + D / 2) by position * theta^(-2i / D)") {
  const Reference<double> b;
  const Angles angles(4);
  Table<double> x(1, 8);  // two heads
  x.at(0, 0) = 1;         // pair (0, 2) of head 0
  x.at(0, 7) = 2;         // pair (1, 3) of head 1
  const std::vector<std::int32_t> position = {3};
  rotate(b, angles.table(), {{x.view(), position, x.view()}}, 4, Rotation::forward);
  const std::vector<double> expected = {std::cos(3.0),
                                        0,
                                        std::sin(3.0),
                                        0,  // angle 3 * 1
                                        0,
                                        -2 * std::sin(0.03),
                                        0,
                                        2 * std::cos(0.03)};  // angle 3 * 10000^(-1/2)
  for (int c = 0; c < 8; ++c) CHECK(x.at(0, c) == Approx(expected[static_cast<std::size_t>(c)]).margin(1e-15));
}

TEST_CASE("rotate leaves position 0 alone, and backward undoes forward") {
  const Reference<double> b;
  const Angles angles(6);
  RandomCase random(1);
  const Table<double> x = random.table(12, 18, 2);
  Table<double> turned = x;
  std::vector<std::int32_t> position(12, 0);
  rotate(b, angles.table(), {{turned.view(), position, turned.view()}}, 6, Rotation::forward);
  CHECK(relative_error(turned, x) == 0);
  position = random.indices(12, 20);
  rotate(b, angles.table(), {{turned.view(), position, turned.view()}}, 6, Rotation::forward);
  CHECK(relative_error(turned, x) > 0.1);
  rotate(b, angles.table(), {{turned.view(), position, turned.view()}}, 6, Rotation::backward);
  CHECK(relative_error(turned, x) < 1e-14);
}

TEST_CASE("rotate moves rows where they belong, turned or as they are, and leaves the others alone") {
  const Reference<double> b;
  const Angles angles(6);
  RandomCase random(4);
  const Table<double> x = random.table(2, 12, 1);
  const std::vector<std::int32_t> position = {3, 8};
  const std::vector<std::int32_t> rows = {3, 1};
  Table<double> in_place = x;
  Table<double> turned(4, 12, 2);
  Table<double> moved(4, 12);
  for (Table<double>* table : {&turned, &moved}) {
    for (double& number : table->all()) number = 9;
  }
  rotate(b, angles.table(),
         {{in_place.view(), position, in_place.view()},
          {x.view(), position, turned.view(), rows},
          {x.view(), {}, moved.view(), rows}},
         6, Rotation::forward);
  for (int c = 0; c < 12; ++c) {
    CHECK(turned.at(3, c) == in_place.at(0, c));
    CHECK(turned.at(1, c) == in_place.at(1, c));
    CHECK(moved.at(3, c) == x.at(0, c));
    CHECK(moved.at(1, c) == x.at(1, c));
    for (const int row : {0, 2}) {
      CHECK(turned.at(row, c) == 9);
      CHECK(moved.at(row, c) == 9);
    }
  }
}

TEST_CASE("rotate backward is the gradient of rotate forward") {
  const Reference<double> b;
  const Angles angles(6);
  RandomCase random(2);
  Table<double> x = random.table(3, 12);
  const Table<double> dy = random.table(3, 12);
  const std::vector<std::int32_t> position = {0, 7, 19};
  Table<double> dx = dy;
  rotate(b, angles.table(), {{dx.view(), position, dx.view()}}, 6, Rotation::backward);
  CHECK(gradient_error(dx, x, [&] {
          Table<double> y = x;
          rotate(b, angles.table(), {{y.view(), position, y.view()}}, 6, Rotation::forward);
          return functional(dy, y);
        }) < gradient_tolerance);
}

TEST_CASE("after rotation a query's product with a key depends on the distance between them alone") {
  const Reference<double> b;
  const Angles angles(6);
  RandomCase random(3);
  const Table<double> q = random.table(1, 6);
  const Table<double> k = random.table(1, 6);
  const auto product = [&](std::int32_t at_query, std::int32_t at_key) {
    Table<double> x = q;
    Table<double> y = k;
    rotate(b, angles.table(), {{x.view(), std::vector{at_query}, x.view()}}, 6, Rotation::forward);
    rotate(b, angles.table(), {{y.view(), std::vector{at_key}, y.view()}}, 6, Rotation::forward);
    return functional(x, y);
  };
  CHECK(product(9, 4) == Approx(product(15, 10)).epsilon(1e-12));
  CHECK(product(9, 4) != Approx(product(9, 5)).epsilon(1e-3));
}
