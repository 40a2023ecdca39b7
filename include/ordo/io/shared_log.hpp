#pragma once
// A log of JSON lines that several programs append to, and that is never rewritten.

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <ordo/core/error.hpp>
#include <ordo/io/json_file.hpp>

namespace ordo {

/// Ends a line that was cut off (a crash, a full disk) when the next one is appended. No JSON ends with it, so readers
/// leave such a line out.
inline constexpr char cut_line_mark = '~';

/// Appends one line and waits until it is on the disk. Others that append to the same file wait meanwhile. Throws an
/// Error that names the path; what was there before stays as it was.
inline void append_shared_line(const std::filesystem::path& path, const nlohmann::json& object) {
  const std::string name = path.string();
  const auto reason = [] { return std::generic_category().message(errno); };
  const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  require(file >= 0, "io", "cannot open ", name, " (", reason(), ")");
  struct Closing {
    int file;
    ~Closing() { ::close(file); }  // lets go of the lock too
  } closing{file};
  while (::flock(file, LOCK_EX) != 0) require(errno == EINTR, "io", "cannot lock ", name, " (", reason(), ")");
  struct stat about {};
  require(::fstat(file, &about) == 0, "io", "cannot ask for the size of ", name, " (", reason(), ")");
  std::string text;
  char last = '\n';
  if (about.st_size > 0) {
    require(::pread(file, &last, 1, about.st_size - 1) == 1, "io", "cannot read the end of ", name, " (", reason(),
            ")");
  }
  if (last != '\n') text = std::string(1, cut_line_mark) + "\n";
  text += json_text(object) + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const ::ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const std::string why = reason();
      const bool taken_back = ::ftruncate(file, about.st_size) == 0;
      fail("io", "cannot write to ", name, " (", why, ")", taken_back ? "" : "; its last line is incomplete");
    }
    done += static_cast<std::size_t>(written);
  }
  require(::fsync(file) == 0, "io", "cannot write ", name, " to the disk (", reason(), ")");
}

}  // namespace ordo
