#pragma once
// A line about what is going on: on a terminal one that is written over, elsewhere a plain one. On stderr, so that
// results on stdout can be piped.

#include <cstddef>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace program {

class StatusLine {
 public:
  [[nodiscard]] bool terminal() const { return terminal_; }

  void write(const std::string& line) {
    if (!terminal_) {
      std::fprintf(stderr, "%s\n", line.c_str());
      return;
    }
    const std::size_t pad = width_ > line.size() ? width_ - line.size() : 0;
    std::fprintf(stderr, "\r%s%*s", line.c_str(), static_cast<int>(pad), "");
    std::fflush(stderr);
    width_ = line.size();
  }
  void clear() {
    if (terminal_ && width_ > 0) std::fprintf(stderr, "\r%*s\r", static_cast<int>(width_), "");
    width_ = 0;
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::size_t width_ = 0;
};

}  // namespace program
