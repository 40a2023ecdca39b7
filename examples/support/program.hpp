#pragma once
// What all programs share: errors as one sentence and a non-zero exit, an orderly stop on Ctrl-C, progress.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stop_token>
#include <string>
#include <thread>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <ordo/evaluate/evaluate.hpp>

namespace program {

/// Turns SIGINT and SIGTERM into a stop request. Make one at the start of main, before any thread, so that every
/// thread inherits the blocked signals. A second signal ends the program at once.
class StopOnSignal {
 public:
  StopOnSignal() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    watcher_ = std::jthread([this](const std::stop_token& ended) {
      const timespec moment{0, 100'000'000};
      bool asked = false;
      while (!ended.stop_requested()) {
        if (sigtimedwait(&set_, nullptr, &moment) < 0) continue;
        if (asked) std::_Exit(130);
        asked = true;
        std::fputs("\nstopping after this step; again to stop at once\n", stderr);
        source_.request_stop();
      }
    });
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool asked() const { return source_.stop_requested(); }

 private:
  sigset_t set_{};
  std::stop_source source_;
  std::jthread watcher_;
};

/// Runs `body` and turns what it throws into one sentence on stderr and exit code 1. 130: stopped on request.
template <class Body>
int guarded(const Body& body) {
  try {
    return body();
  } catch (const CLI::Error&) {
    throw;  // the parser's own business
  } catch (const ordo::Stopped&) {
    std::fputs("stopped on request\n", stderr);
    return 130;
  } catch (const std::bad_alloc&) {
    std::fputs("error: not enough memory\n", stderr);
  } catch (const std::exception& error) {
    std::fputs(fmt::format("error: {}\n", error.what()).c_str(), stderr);
  }
  return 1;
}

/// Parses the command line, then runs `body` guarded.
template <class Body>
int run(CLI::App& app, int argc, char** argv, const Body& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return guarded(body);
}

/// The most memory that this process has held so far [bytes].
inline long long peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024LL;
}

/// "1h 02m", "3m 07s" or "12s".
inline std::string duration(double seconds) {
  const auto s = static_cast<long long>(seconds + 0.5);
  if (s >= 3600) return fmt::format("{}h {:02}m", s / 3600, s / 60 % 60);
  if (s >= 60) return fmt::format("{}m {:02}s", s / 60, s % 60);
  return fmt::format("{}s", s);
}

/// "48.2k" for 48,200.
inline std::string thousands(double x) {
  if (x >= 1e9) return fmt::format("{:.2f}G", x / 1e9);
  if (x >= 1e6) return fmt::format("{:.2f}M", x / 1e6);
  if (x >= 1e3) return fmt::format("{:.1f}k", x / 1e3);
  return fmt::format("{:.0f}", x);
}

}  // namespace program
