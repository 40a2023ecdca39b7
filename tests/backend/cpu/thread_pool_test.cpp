#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <ordo/backend/cpu/thread_pool.hpp>

using ordo::ThreadPool;

TEST_CASE("an exception of a part reaches the caller, the lowest part's first, and the pool lives on") {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 50; ++round) {
      CHECK_THROWS_WITH(pool.run(7,
                                 [](int part) {
                                   if (part == 2 || part == 5) throw std::runtime_error("part " + std::to_string(part));
                                 }),
                        "part 2");
      std::atomic<int> sum{0};
      pool.run(7, [&](int part) { sum += part; });
      CHECK(sum == 21);
    }
  }
}

TEST_CASE("every part is done exactly once") {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (int round = 0; round < 2000; ++round) {
      const int parts = round % 13;
      std::vector<int> done(13, 0);
      pool.run(parts, [&](int part) { ++done[static_cast<std::size_t>(part)]; });
      for (int part = 0; part < 13; ++part) REQUIRE(done[static_cast<std::size_t>(part)] == (part < parts ? 1 : 0));
    }
  }
}

TEST_CASE("sleeping threads wake up, and all threads take part") {
  ThreadPool pool(3);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // long enough to fall asleep
  std::atomic<int> here{0};
  pool.run(3, [&](int) {  // ends only when three threads are inside at once
    ++here;
    while (here < 3) std::this_thread::yield();
  });
  CHECK(here == 3);
}

TEST_CASE("a call from within a part is done inline") {
  ThreadPool pool(2);
  std::atomic<int> sum{0};
  pool.run(4, [&](int) { pool.run(5, [&](int part) { sum += part; }); });
  CHECK(sum == 40);
}

TEST_CASE("several threads may call at the same time") {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::vector<long> sums(4, 0);
  for (std::size_t c = 0; c < sums.size(); ++c) {
    callers.emplace_back([&, c] {
      for (int round = 0; round < 500; ++round) {
        std::atomic<long> sum{0};
        pool.run(9, [&](int part) { sum += part; });
        sums[c] += sum;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const long sum : sums) CHECK(sum == 500 * 36);
}
