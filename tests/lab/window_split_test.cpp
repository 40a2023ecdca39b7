// Windows that choose and windows that report are never the same ones.

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <ordo/core/rng.hpp>
#include <ordo/lab/window_split.hpp>

using namespace ordo;

namespace {

double count_of(const std::vector<double>& weights) { return std::accumulate(weights.begin(), weights.end(), 0.0); }

}  // namespace

TEST_CASE("each window either chooses or reports") {
  for (const std::size_t windows : {2U, 3U, 8U, 129U}) {
    const WindowSplit split = WindowSplit::halves(windows);
    REQUIRE(split.choose.size() == windows);
    REQUIRE(split.report.size() == windows);
    for (std::size_t w = 0; w < windows; ++w) CHECK(split.choose[w] + split.report[w] == 1);
    CHECK(count_of(split.choose) - count_of(split.report) == static_cast<double>(windows % 2));
  }
}

TEST_CASE("a resample draws each half from itself, as many as it has") {
  for (const std::size_t windows : {2U, 3U, 8U, 129U}) {
    const WindowSplit halves = WindowSplit::halves(windows);
    bool repeats = false;
    for (std::uint64_t b = 0; b < 20; ++b) {
      Stream draws(4, Purpose::resample, b);
      const WindowSplit split = WindowSplit::resampled(windows, draws);
      CHECK(count_of(split.choose) == count_of(halves.choose));
      CHECK(count_of(split.report) == count_of(halves.report));
      for (std::size_t w = 0; w < windows; ++w) {
        CHECK((split.choose[w] == 0 || halves.choose[w] > 0));
        CHECK((split.report[w] == 0 || halves.report[w] > 0));
        repeats = repeats || split.report[w] > 1;
      }
    }
    CHECK((repeats || windows < 4));
  }
}
