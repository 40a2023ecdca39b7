#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/embedding.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("embedding refuses rows that the table does not have") {
  const Reference<double> b;
  Table<double> table(3, 2);
  Table<double> y(1, 2);
  const std::vector<std::int32_t> above = {3};
  const std::vector<std::int32_t> below = {-1};
  CHECK_THROWS_WITH(embed(b, table.view(), above, y.view()),
                    "[ordo] embed: a row must be below the table's 3 rows (got 3)");
  CHECK_THROWS_WITH(embed_gradient(b, y.view(), below, table.view()), Catch::Contains("(got -1)"));
}

TEST_CASE("embedding copies the rows asked for and adds up the gradients of repeated ones") {
  const Reference<double> b;
  RandomCase random(1);
  Table<double> table = random.table(4, 3, 1);
  const std::vector<std::int32_t> rows = {2, 0, 2, 2};
  Table<double> y = random.table(4, 3, 2);
  embed(b, table.view(), rows, y.view());
  for (int s = 0; s < 4; ++s) {
    for (int c = 0; c < 3; ++c) CHECK(y.at(s, c) == table.at(rows[static_cast<std::size_t>(s)], c));
  }
  const Table<double> dy = random.table(4, 3, 1);
  Table<double> dtable = random.table(4, 3, 1);
  const Table<double> before = dtable;
  embed_gradient(b, dy.view(), rows, dtable.view());
  for (int c = 0; c < 3; ++c) {
    CHECK(dtable.at(0, c) == before.at(0, c) + dy.at(1, c));
    CHECK(dtable.at(1, c) == before.at(1, c));
    CHECK(dtable.at(2, c) == before.at(2, c) + dy.at(0, c) + dy.at(2, c) + dy.at(3, c));
    CHECK(dtable.at(3, c) == before.at(3, c));
  }
}

TEST_CASE("embedding's gradient agrees with central differences where rows repeat") {
  const Reference<double> b;
  RandomCase random(2);
  Table<double> table = random.table(5, 3);
  const std::vector<std::int32_t> rows = random.indices(12, 5);
  const Table<double> dy = random.table(12, 3);
  Table<double> y(12, 3);
  Table<double> dtable(5, 3);
  embed_gradient(b, dy.view(), rows, dtable.view());
  CHECK(gradient_error(dtable, table, [&] {
          embed(b, table.view(), rows, y.view());
          return functional(dy, y);
        }) < gradient_tolerance);
}
