#pragma once
// The line that says how a training run is going.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/core.h>

#include <ordo/train/options.hpp>

#include "support/product_share.hpp"
#include "support/program.hpp"
#include "support/status_line.hpp"

namespace program {

/// On a terminal one line that is written over; elsewhere a plain line every ten seconds. Writes to stderr, so that
/// results on stdout can be piped.
class Progress {
 public:
  explicit Progress(std::string label = {}, const ProductShare& share = {}) : label_(std::move(label)), share_(share) {}

  void step(const ordo::StepReport& report) {
    const auto now = Clock::now();
    if (first_tokens_ < 0) {  // the first step is not timed: memory is touched for the first time in it
      first_tokens_ = report.tokens;
      first_step_ = report.step;
      start_ = now;
      shown_ = now - std::chrono::hours(1);
    }
    smooth_ = smooth_ == 0 ? report.loss : 0.95 * smooth_ + 0.05 * report.loss;
    const bool last = report.step == report.steps;
    if (!last && now - shown_ < (line_.terminal() ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10000)))
      return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_ - away_).count();
    const auto steps = static_cast<double>(report.step - first_step_);
    std::string line = fmt::format("{}step {}/{}  epoch {:.1f}  loss {:.3f} nats/token", label_, report.step,
                                   report.steps, report.epoch, smooth_);
    if (steps > 0 && seconds > 0) {
      const double rate = static_cast<double>(report.tokens - first_tokens_) / seconds;
      line += fmt::format("  {} tokens/s{}  {} left", thousands(rate), share_.at(rate),
                          duration(static_cast<double>(report.steps - report.step) * seconds / steps));
    }
    line_.write(line);
  }

  /// A line that stays. Time since the last step counts as spent elsewhere (evaluation).
  void note(const std::string& text) {
    clear();
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  /// Marks time that is not training time, for the rate.
  void pause() { paused_ = Clock::now(); }
  void resume() { away_ += Clock::now() - paused_; }

  void clear() { line_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;

  std::string label_;
  ProductShare share_;
  StatusLine line_;
  Clock::time_point start_;
  Clock::time_point shown_;
  Clock::time_point paused_;
  Clock::duration away_{0};
  std::int64_t first_tokens_ = -1;
  std::int64_t first_step_ = 0;
  double smooth_ = 0;
};

}  // namespace program
