#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/cross_entropy.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("cross-entropy refuses targets outside the vocabulary and a scratch below one row of logits") {
  const Reference<double> b;
  const Table<double> x(1, 2);
  Table<double> table(5, 2);
  std::vector<double> loss(1);
  std::vector<double> scratch(5);
  const std::vector<float> weight = {1};
  Table<double> dx(1, 2);
  const std::vector<Token> mask = {5};
  const std::vector<Token> none = {absent};
  const std::vector<Token> fine = {4};
  CHECK_THROWS_WITH(cross_entropy(b, x.view(), table.view(), mask, loss, scratch), Catch::Contains("(got 5)"));
  CHECK_THROWS_WITH(
      cross_entropy_gradient(b, x.view(), table.view(), none, weight, 1.0, loss, dx.view(), table.view(), scratch),
      Catch::Contains("(got -1)"));
  scratch.resize(4);
  CHECK_THROWS_WITH(cross_entropy(b, x.view(), table.view(), fine, loss, scratch), Catch::Contains("(got 4 numbers)"));
}

TEST_CASE("cross-entropy is -log softmax of the logits x . table, in nats") {
  const Reference<double> b;
  const Table<double> x = Table<double>::of({{1}, {0}});                                   // row 1: all logits equal
  const Table<double> table = Table<double>::of({{0}, {std::log(2.0)}, {std::log(5.0)}});  // row 0: 1/8, 2/8, 5/8
  std::vector<double> loss(2);
  std::vector<double> scratch(3);
  cross_entropy(b, x.view(), table.view(), std::vector<Token>{1, 2}, loss, scratch);
  CHECK(loss[0] == Approx(std::log(4.0)).epsilon(1e-14));
  CHECK(loss[1] == Approx(std::log(3.0)).epsilon(1e-14));
}

TEST_CASE("cross-entropy stays finite where exponentials of the logits overflow") {
  const Reference<float> b;
  const Table<float> x = Table<float>::of({{1}});
  const Table<float> table = Table<float>::of({{1000}, {-1000}});
  std::vector<float> loss(2);
  std::vector<float> scratch(2);
  cross_entropy(b, x.view(), table.view(), std::vector<Token>{1}, loss, scratch);
  CHECK(loss[0] == 2000);
  cross_entropy(b, x.view(), table.view(), std::vector<Token>{0}, loss, scratch);
  CHECK(loss[0] == 0);
}

TEST_CASE("cross-entropy's gradients agree with central differences of the weighted loss, weights of 0 included") {
  const Reference<double> b;
  RandomCase random(1);
  const std::int32_t vocab = 7;
  Table<double> x = random.table(5, 4, 1);
  Table<double> table = random.table(vocab, 4);
  const std::vector<Token> target = {3, 0, 6, 3, 1};
  const std::vector<float> weight = {1, 0, 2.5, 0.5, 0};
  const double scale = 0.75;
  std::vector<double> loss(5);
  std::vector<double> again(5);
  std::vector<double> scratch(vocab);
  const auto weighted = [&] {
    cross_entropy(b, x.view(), table.view(), target, loss, scratch);
    double sum = 0;
    for (std::size_t i = 0; i < loss.size(); ++i) sum += scale * static_cast<double>(weight[i]) * loss[i];
    return sum;
  };
  Table<double> dx(5, 4, 1);
  for (int c = 0; c < 4; ++c) dx.at(1, c) = 7;  // must vanish
  Table<double> dtable = random.table(vocab, 4);
  const Table<double> before = dtable;
  cross_entropy_gradient(b, x.view(), table.view(), target, weight, scale, again, dx.view(), dtable.view(), scratch);
  CHECK(gradient_error(dx, x, weighted) < gradient_tolerance);
  CHECK(gradient_error(added(dtable.all(), before.all()), table.all(), weighted) < gradient_tolerance);
  for (int c = 0; c < 4; ++c) CHECK(dx.at(1, c) == 0);
  weighted();
  CHECK(relative_error(again, loss) < 1e-15);
  CHECK(again[1] > 0);  // the loss is reported where the weight is 0
}

TEST_CASE("the size of the scratch does not change a bit of the cross-entropy") {
  const Reference<float> b;
  RandomCase random(2);
  const std::int32_t vocab = 31;
  const std::int64_t rows = 13;
  const Table<float> x = random.table(rows, 6).as<float>();
  const Table<float> table = random.table(vocab, 6).as<float>();
  const std::vector<Token> target = random.indices(rows, vocab);
  const std::vector<float> weight = as<float>(random.numbers(rows));
  const auto run = [&](std::int32_t scratch_size) {
    std::vector<float> scratch(static_cast<std::size_t>(scratch_size));
    Table<float> loss(1, rows);
    Table<float> dx(rows, 6);
    Table<float> dtable(vocab, 6);
    cross_entropy_gradient(b, x.view(), table.view(), target, weight, 1.0, loss.all(), dx.view(), dtable.view(),
                           scratch);
    return std::vector<Table<float>>{loss, dx, dtable};
  };
  const auto expected = run(vocab);
  for (const std::int32_t size : {vocab + 1, 2 * vocab + 3, 5 * vocab, 13 * vocab, 100 * vocab}) {
    const auto got = run(size);
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(relative_error(got[i], expected[i]) == 0);
  }
}

TEST_CASE("a row's cross-entropy has the same bits alone and in a batch") {
  const Reference<float> b;
  RandomCase random(3);
  const Table<float> x = random.table(9, 19).as<float>();
  const Table<float> table = random.table(23, 19).as<float>();
  const std::vector<Token> target = random.indices(9, 23);
  std::vector<float> whole(9);
  std::vector<float> scratch(23);
  cross_entropy(b, x.view(), table.view(), target, whole, scratch);
  for (std::size_t i = 0; i < 9; ++i) {
    std::vector<float> alone(1);
    const std::vector<Token> one = {target[i]};
    cross_entropy(b, x.view().slice(static_cast<std::int64_t>(i), 1), table.view(), one, alone, scratch);
    CHECK(alone[0] == whole[i]);
  }
}
