#pragma once
// Validation windows that choose among models, and others that report, so that the best of many does not look better
// than it is.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/core/rng.hpp>

namespace ordo {

/// How often each window counts where it chooses, and where it reports. Two windows or more are needed.
struct WindowSplit {
  std::vector<double> choose;
  std::vector<double> report;

  /// Even windows choose, odd ones report: neighbours in the text are alike, so the halves are too.
  [[nodiscard]] static WindowSplit halves(std::size_t windows) {
    WindowSplit split(windows);
    for (std::size_t w = 0; w < windows; ++w) (w % 2 == 0 ? split.choose : split.report)[w] = 1;
    return split;
  }
  /// The same with each half drawn from itself with replacement, so that no window both chooses and reports.
  [[nodiscard]] static WindowSplit resampled(std::size_t windows, Stream& draws) {
    WindowSplit split(windows);
    for (const std::size_t half : {std::size_t{0}, std::size_t{1}}) {
      const std::size_t size = (windows + 1 - half) / 2;
      for (std::size_t i = 0; i < size; ++i) {
        const std::size_t w = 2 * draws.below(static_cast<std::uint32_t>(size)) + half;
        ++(half == 0 ? split.choose : split.report)[w];
      }
    }
    return split;
  }

 private:
  explicit WindowSplit(std::size_t windows) : choose(windows, 0.0), report(windows, 0.0) {}
};

}  // namespace ordo
