// The emulated device itself: it must refuse what a real one would get wrong in silence.

#define ORDO_EMULATE_CUDA

#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/cuda/backend.cuh>

namespace {

using namespace ordo;

/// Whether a process that does this lives on.
template <class Act>
bool survives(const Act& act) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(STDOUT_FILENO);  // the test program's own handler and sanitizers would tell of it
    ::close(STDERR_FILENO);
    act();
    std::_Exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Write {
  float* to;
  std::int64_t offset;
  ORDO_DEVICE void operator()(std::int64_t i) const { to[offset + i] = static_cast<float>(i); }
};

ORDO_KERNEL half_waits(int* to) {
  if (cuda::thread_index() == 0) *to = 1;
  if (cuda::thread_index() % 2 == 0) (void)cuda::across(1, 1);
}

ORDO_KERNEL throws_in_one(const float* from) {
  if (cuda::thread_index() == 3) throw std::runtime_error("on purpose");
  cuda::meet();
  (void)from;
}

ORDO_KERNEL waits_in_some(int threads) {
  if (cuda::thread_index() < threads) cuda::await_queued();
}

ORDO_KERNEL writes_and_waits(int* to) {
  if (cuda::thread_index() == 40) *to = 1;
  cuda::await_queued();
}

ORDO_KERNEL waits_and_writes(int* to) {
  cuda::expect(to);
  cuda::await_queued();
  cuda::await_queued();
  *to = 1;
}

ORDO_KERNEL reads_shared(float* to) { to[cuda::thread_index()] = cuda::shared_memory<float>()[cuda::thread_index()]; }

}  // namespace

TEST_CASE("only kernels and copies reach the device's memory, and not beyond its end") {
  const CudaFloat b;
  auto numbers = allocate<float>(b, 64);
  cuda::for_each(b.queue(), 64, Write{numbers.data(), 0});
  std::vector<float> got(64);
  download(b, std::as_const(numbers).data(), got);
  CHECK(got[63] == 63);
  CHECK_FALSE(survives([&] { numbers.data()[0] = 1; }));
  CHECK_FALSE(survives([&] { (void)*static_cast<const volatile float*>(numbers.data()); }));
  CHECK(survives([&] { cuda::for_each(b.queue(), 64, Write{numbers.data(), 0}); }));
  CHECK_FALSE(survives([&] { cuda::for_each(b.queue(), 64, Write{numbers.data(), 64}); }));
  const float* freed = nullptr;
  {
    const auto gone = allocate<float>(b, 64);
    freed = gone.data();
  }
  CHECK_FALSE(survives([&] { download(b, freed, got); }));
}

TEST_CASE("threads that wait in vain are an error, and so is what a thread throws; the device works on") {
  const CudaFloat b;
  auto numbers = allocate<float>(b, 64);
  auto word = allocate<int>(b, 1);
  CHECK_THROWS_WITH(cuda::launch(b.queue(), {1, 1, 1, 64, 0}, half_waits, word.data()), Catch::Contains("in vain"));
  CHECK_THROWS_WITH(cuda::launch(b.queue(), {2, 1, 1, 64, 0}, throws_in_one, numbers.data()),
                    Catch::Contains("on purpose"));
  cuda::for_each(b.queue(), 64, Write{numbers.data(), 0});
  std::vector<float> got(64);
  download(b, std::as_const(numbers).data(), got);
  for (int i = 0; i < 64; ++i) CHECK(got[static_cast<std::size_t>(i)] == static_cast<float>(i));
}

TEST_CASE("a kernel that is launched early must wait for what was queued before, in all its threads") {
  const CudaFloat b;
  CHECK_NOTHROW(cuda::launch_early(b.queue(), {2, 3, 1, 64, 0}, waits_in_some, 64));
  CHECK_THROWS_WITH(cuda::launch_early(b.queue(), {2, 3, 1, 64, 0}, waits_in_some, 63), Catch::Contains("must wait"));
  CHECK_THROWS_WITH(cuda::launch_early(b.queue(), {2, 3, 1, 64, 0}, waits_in_some, 0), Catch::Contains("must wait"));
  CHECK_NOTHROW(cuda::launch(b.queue(), {2, 3, 1, 64, 0}, waits_in_some, 0));
  auto number = allocate<int>(b, 1);
  CHECK(survives([&] { cuda::launch_early(b.queue(), {2, 1, 1, 64, 0}, waits_and_writes, number.data()); }));
  CHECK(survives([&] { cuda::launch(b.queue(), {2, 1, 1, 64, 0}, writes_and_waits, number.data()); }));
  CHECK_FALSE(survives([&] { cuda::launch_early(b.queue(), {2, 1, 1, 64, 0}, writes_and_waits, number.data()); }));
}

TEST_CASE("shared memory begins as NaNs, and memory that nobody cleared does too") {
  const CudaFloat b;
  auto numbers = allocate<float>(b, 32);
  cuda::launch(b.queue(), {1, 1, 1, 32, 32 * sizeof(float)}, reads_shared, numbers.data());
  std::vector<float> got(32);
  download(b, std::as_const(numbers).data(), got);
  for (const float x : got) CHECK(std::isnan(x));
  const cuda::DeviceBuffer<float> fresh(32, cuda::Fresh::anything);
  download(b, fresh.data(), got);
  for (const float x : got) CHECK(std::isnan(x));
}
