#pragma once
// What all programs share: errors as one sentence and a non-zero exit, an orderly stop on Ctrl-C, what is printed.

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include <ordo/core/error.hpp>
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

/// Prints to stdout. A failure is kept for flush_output, so that a closed pipe does not end a long run.
template <class... Parts>
void say(fmt::format_string<Parts...> format, Parts&&... parts) {
  const std::string text = fmt::format(format, std::forward<Parts>(parts)...);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// Throws an Error where something that was printed could not be written.
inline void flush_output() {
  errno = 0;
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const std::string why = errno == 0 ? "" : " (" + std::generic_category().message(errno) + ")";
  ordo::require(written, "output", "cannot write to standard output", why);
}

/// Opens what the caller closed of stdin, stdout and stderr, so that no file of the program is opened in its place and
/// gets the printed lines. For reading only: writing fails, and is reported.
inline void keep_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream) {
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) std::_Exit(1);
  }
}

/// Runs `body` and turns what it throws into one sentence on stderr and exit code 1. 130: stopped on request.
template <class Body>
int guarded(const Body& body) {
  try {
    const int status = body();
    if (status == 0) flush_output();
    return status;
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

/// A check for flags of large whole numbers: the parser itself would take another number for one out of range.
template <class T>
CLI::Validator whole() {
  return {[](const std::string& word) -> std::string {
            T value = 0;
            const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
            if (error == std::errc() && end == word.data() + word.size()) return {};
            return fmt::format("must be a whole number from {} to {} (got {})", std::numeric_limits<T>::min(),
                               std::numeric_limits<T>::max(), word);
          },
          ""};
}

/// A flag that takes the name of one of these values, as to_string gives it.
template <class T, std::size_t N>
CLI::Option* add_named(CLI::App& app, const std::string& flag, std::optional<T>& value, const T (&all)[N],
                       const std::string& about) {
  std::vector<std::string> names;
  for (const T each : all) names.emplace_back(to_string(each));
  const auto* const first = &all[0];
  return app
      .add_option_function<std::string>(
          flag,
          [&value, first](const std::string& word) {
            for (std::size_t i = 0; i < N; ++i) {
              if (word == to_string(first[i])) value = first[i];
            }
          },
          about)
      ->check(CLI::IsMember(names));
}

/// Parses the command line, then runs `body` guarded.
template <class Body>
int run(CLI::App& app, int argc, char** argv, const Body& body) {
  keep_standard_streams();
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

/// What suits a file system: "blockwise:16(masked)" becomes "blockwise-16-masked".
inline std::string file_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '=';
    if (plain || (!name.empty() && name.back() != '-')) name += plain ? c : '-';
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

/// "1h 02m", "3m 07s" or "12s".
inline std::string duration(double seconds) {
  const auto s = static_cast<long long>(seconds + 0.5);
  if (s >= 3600) return fmt::format("{}h {:02}m", s / 3600, s / 60 % 60);
  if (s >= 60) return fmt::format("{}m {:02}s", s / 60, s % 60);
  return fmt::format("{}s", s);
}

/// "48.2k" for 48,200, "30k" for 30,000: four digits at most.
inline std::string thousands(double x) {
  if (x >= 1e9) return fmt::format("{:.4g}G", x / 1e9);
  if (x >= 1e6) return fmt::format("{:.4g}M", x / 1e6);
  if (x >= 1e3) return fmt::format("{:.4g}k", x / 1e3);
  return fmt::format("{:.4g}", x);
}
inline std::string thousands(std::int64_t x) { return thousands(static_cast<double>(x)); }

/// "a, b, c"
inline std::string joined(const std::vector<std::string>& parts, const char* between = ", ") {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

}  // namespace program
