// Work that is queued again as a graph, on an emulated device.

#define ORDO_EMULATE_CUDA

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/cuda/cuda.cuh>

namespace {

using ordo::CudaFloat;

struct Again {
  CudaFloat b{};
  ordo::cuda::DeviceBuffer<float> x = ordo::allocate<float>(b, 8);
  ordo::Replay<CudaFloat> replay{};
  int asked = 0;

  Again() { ordo::fill(b, x.span(), 0.01F); }
  void work() {
    ++asked;
    const ordo::Matrix<float> row(x.data(), 1, 8);
    rms_norm_gradient(b, row, x.span(), x.span(), row, row, x.span());  // takes room
  }
  void run() {
    replay.run(b, [&] { work(); });
  }
  [[nodiscard]] std::vector<float> values() const {
    std::vector<float> got(8);
    download(b, std::as_const(x).data(), got);
    return got;
  }
};

}  // namespace

TEST_CASE("work is asked for twice and then queued again by itself") {
  Again again;
  std::vector<std::vector<float>> seen;
  for (int i = 0; i < 4; ++i) {
    again.run();
    seen.push_back(again.values());
  }
  CHECK(again.asked == 2);
  Again plain;
  for (int i = 0; i < 4; ++i) {
    plain.work();
    CHECK(plain.values() == seen[static_cast<std::size_t>(i)]);
  }
}

TEST_CASE("where operations' room moves, work is asked for anew") {
  Again again;
  for (int i = 0; i < 3; ++i) again.run();
  CHECK(again.asked == 2);
  (void)again.b.context().room(std::size_t{1} << 20);
  again.run();
  CHECK(again.asked == 3);
  again.run();
  again.run();
  CHECK(again.asked == 4);
  (void)again.b.context().counters(1000);
  again.run();
  CHECK(again.asked == 5);
}

TEST_CASE("work that throws while it is noted leaves the queue as it was") {
  const CudaFloat b;
  auto x = ordo::allocate<float>(b, 4);
  ordo::Replay<CudaFloat> replay;
  const auto work = [&](bool throws) {
    replay.run(b, [&] {
      ordo::fill(b, x.span(), 3.0F);
      if (throws) throw std::runtime_error("on purpose");
    });
  };
  work(false);
  CHECK_THROWS_WITH(work(true), "on purpose");
  ordo::fill(b, x.span(), 5.0F);  // is done, not noted
  std::vector<float> got(4);
  download(b, std::as_const(x).data(), got);
  CHECK(got == std::vector<float>(4, 5.0F));
  work(false);
  download(b, std::as_const(x).data(), got);
  CHECK(got == std::vector<float>(4, 3.0F));
}

TEST_CASE("copies cannot be a part of what is noted") {
  const CudaFloat b;
  auto x = ordo::allocate<float>(b, 4);
  ordo::Replay<CudaFloat> replay;
  const std::vector<float> one(4, 1.0F);
  const auto work = [&] { replay.run(b, [&] { upload(b, one, x.data()); }); };
  work();
  CHECK_THROWS_WITH(work(), Catch::Contains("while a graph is made"));
}

TEST_CASE("work of many shapes is kept for those that were met last") {
  const CudaFloat b;
  constexpr std::size_t most = 3;
  CHECK_THROWS_WITH((ordo::Replays<CudaFloat, int>(0)), Catch::Contains("at least one must be kept (got 0)"));
  ordo::Replays<CudaFloat, int> replays(most);
  auto x = ordo::allocate<float>(b, 4);
  std::vector<int> asked(10, 0);
  const auto run = [&](int shape) {
    replays.run(b, shape, [&] {
      ++asked[static_cast<std::size_t>(shape)];
      ordo::fill(b, x.span(), static_cast<float>(shape));
    });
    std::vector<float> got(4);
    download(b, std::as_const(x).data(), got);
    CHECK(got == std::vector<float>(4, static_cast<float>(shape)));
    CHECK(replays.size() <= most);
  };
  for (int again = 0; again < 5; ++again) {
    for (const int shape : {0, 1, 2}) run(shape);
  }
  CHECK(asked == std::vector<int>{2, 2, 2, 0, 0, 0, 0, 0, 0, 0});
  run(0);
  run(3);  // in place of 1
  run(2);
  run(0);
  CHECK(asked == std::vector<int>{2, 2, 2, 1, 0, 0, 0, 0, 0, 0});
  run(1);  // in place of 3
  run(3);
  CHECK(asked == std::vector<int>{2, 3, 2, 2, 0, 0, 0, 0, 0, 0});
  for (int shape = 0; shape < 10; ++shape) run(shape);  // each is gone before it comes again
  replays.clear();
  CHECK(replays.size() == 0);
  run(9);
  CHECK(asked[9] == 2);
}
