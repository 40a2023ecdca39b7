#include <catch2/catch.hpp>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <support/random_cases.hpp>

#include <ordo/backend/cpu/cpu.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("a number of threads that cannot be is refused by its value") {
  CHECK_THROWS_WITH(Cpu(-3), Catch::Contains("threads must not be negative (got -3"));
  CHECK_THROWS_WITH(Cpu(5000), "[ordo] cpu: threads must be at most 1024 (got 5000)");
}

TEST_CASE("copies of the CPU share their threads") {
  const Cpu b(3);
  const Cpu copy = b;  // NOLINT: the copy is the point
  CHECK(copy.threads() == 3);
  CHECK(&copy.pool() == &b.pool());
  CHECK(Cpu().threads() == ThreadPool::hardware_threads());
  CHECK(std::string(b.name()) == "cpu");
}

TEST_CASE("ranges cover everything once, in steps, one a thread at most") {
  for (const int threads : {1, 2, 3}) {
    const Cpu b(threads);
    for (const std::int64_t count : {0, 1, 5, 6, 7, 64, 1000}) {
      for (const std::int64_t grain : {0, 1, 10}) {
        for (const std::int64_t step : {1, 6, 64}) {
          std::vector<int> seen(static_cast<std::size_t>(count), 0);
          std::mutex mutex;
          std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
          cpu::for_ranges(b, count, grain, step, [&](std::int64_t first, std::int64_t last) {
            const std::lock_guard lock(mutex);
            ranges.emplace_back(first, last);
            for (std::int64_t i = first; i < last; ++i) ++seen[static_cast<std::size_t>(i)];
          });
          CHECK(ranges.size() <= static_cast<std::size_t>(threads));
          for (const auto& range : ranges) {
            CHECK(range.first < range.second);
            CHECK((range.second == count || range.second % step == 0));
          }
          for (const int times : seen) REQUIRE(times == 1);
        }
      }
    }
  }
}

TEST_CASE("linear layers, norms and the loss have the same bits on repetition, alone or beside other callers") {
  RandomCase random(1);
  const auto x = random.table(700, 96).as<float>();
  const auto w = random.table(300, 96).as<float>();
  const std::vector<Token> target = random.indices(700, 300);
  const auto weight = as<float>(random.numbers(700));
  const auto gain = as<float>(random.numbers(96));
  const auto run = [&](const Cpu& b) {
    Table<float> y(700, 300);
    Table<float> dx(700, 96);
    Table<float> dw(300, 96);
    Table<float> norm(700, 96);
    Table<float> dgain(1, 96);
    Table<float> loss(1, 700);
    Table<float> length(1, 1);
    std::vector<float> inverse(700);
    std::vector<float> scratch(100 * 300);
    linear(b, x.view(), w.view(), y.view());
    linear_input_gradient(b, y.view(), w.view(), dx.view());
    linear_weight_gradient(b, y.view(), x.view(), dw.view());
    rms_norm(b, x.view(), gain, 1e-5, norm.view(), inverse);
    rms_norm_gradient(b, x.view(), gain, inverse, dx.view(), norm.view(), dgain.all());
    cross_entropy_gradient(b, x.view(), w.view(), target, weight, 1.0, loss.all(), dx.view(), dw.view(), scratch);
    double squares = 0;
    squared_norm(b, dw.all(), &squares);
    length.at(0, 0) = static_cast<float>(squares);
    std::vector<float> all;
    for (const Table<float>* t : {&y, &dx, &dw, &norm, &dgain, &loss, &length}) {
      all.insert(all.end(), t->all().begin(), t->all().end());
    }
    return all;
  };
  for (const int threads : {1, 2, 3}) {
    const Cpu shared(threads);
    const std::vector<float> expected = run(shared);
    const bool again = run(Cpu(threads)) == expected;
    CHECK(again);
    std::vector<std::vector<float>> results(3);
    std::vector<std::thread> callers;
    for (auto& result : results) callers.emplace_back([&] { result = run(shared); });
    for (std::thread& caller : callers) caller.join();
    for (const auto& result : results) {
      const bool beside = result == expected;
      CHECK(beside);
    }
  }
}

TEST_CASE("norms, their gradients and the squared norm have the same bits with any number of threads") {
  RandomCase random(2);
  const auto x = random.table(700, 96).as<float>();
  const auto dy = random.table(700, 96).as<float>();
  const auto gain = as<float>(random.numbers(96));
  const auto run = [&](const Cpu& b) {
    Table<float> y(700, 96);
    Table<float> dgain(1, 96);
    std::vector<float> inverse(700);
    rms_norm(b, x.view(), gain, 1e-5, y.view(), inverse);
    rms_norm_gradient(b, x.view(), gain, inverse, dy.view(), y.view(), dgain.all());
    std::vector<float> all(y.all().begin(), y.all().end());
    all.insert(all.end(), dgain.all().begin(), dgain.all().end());
    double norm = 0;
    squared_norm(b, x.all(), &norm);
    all.push_back(static_cast<float>(norm));
    return all;
  };
  const std::vector<float> expected = run(Cpu(1));
  for (const int threads : {2, 3}) {
    const bool same = run(Cpu(threads)) == expected;
    CHECK(same);
  }
}

TEST_CASE("indices and targets outside their table are refused by name") {
  const Cpu b(2);
  Table<float> table(3, 4);
  Table<float> y(2, 4);
  const std::vector<std::int32_t> rows = {0, 3};
  CHECK_THROWS_WITH(embed(b, table.view(), rows, y.view()),
                    "[ordo] embed: a row must be below the table's 3 rows (got 3)");
  CHECK_THROWS_WITH(embed_gradient(b, y.view(), rows, table.view()), Catch::Contains("embed_gradient"));
  CHECK_THROWS_WITH(scatter_add(b, y.view(), rows, table.view()), Catch::Contains("(got 3)"));
  std::vector<float> loss(2);
  std::vector<float> scratch(2);
  CHECK_THROWS_WITH(cross_entropy(b, y.view(), table.view(), rows, loss, scratch),
                    Catch::Contains("at least one row of 3 logits (got 2 numbers)"));
  scratch.resize(3);
  CHECK_THROWS_WITH(cross_entropy(b, y.view(), table.view(), rows, loss, scratch), Catch::Contains("(got 3)"));
  CHECK_THROWS_WITH(linear(b, y.view(), y.view(), y.view()), Catch::Contains("the shapes must be"));
  const std::vector<float> angles(8);
  const RotaryTable<float> turns{{angles.data(), 2, 2}, {angles.data() + 4, 2, 2}};
  const std::vector<std::int32_t> position = {0, 2};
  CHECK_THROWS_WITH(rotate(b, turns, {{y.view(), position, y.view()}}, 4, Rotation::forward),
                    "[ordo] rotate: positions must be below 2 (got 2)");
  CHECK_THROWS_WITH(rotate(b, turns, {{y.view(), position, y.view()}}, 3, Rotation::forward),
                    Catch::Contains("head size 3"));
}
