#pragma once
// A growing log: one JSON object on each line.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <ordo/core/error.hpp>
#include <ordo/io/json_file.hpp>

namespace ordo {

/// Appends to a file; each line reaches the system before `write` returns. Errors name the path and the reason.
class JsonLines {
 public:
  /// Goes on at the end of the file, which is made if need be.
  explicit JsonLines(const std::filesystem::path& path) : path_(path.string()) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    require(file_ >= 0, "io", "cannot open ", path_, " (", reason(), ")");
    struct stat about {};
    if (::fstat(file_, &about) == 0) size_ = static_cast<std::uint64_t>(about.st_size);
  }
  /// Cuts the file to its first `keep` bytes (what it had when the state was saved), and goes on from there.
  JsonLines(const std::filesystem::path& path, std::uint64_t keep) : JsonLines(path) {
    require(keep <= size_, "io", path_, " has ", size_, " bytes, fewer than the ", keep, " that are to be kept");
    require(::ftruncate(file_, static_cast<::off_t>(keep)) == 0, "io", "cannot cut ", path_, " to ", keep, " bytes (",
            reason(), ")");
    size_ = keep;
  }
  JsonLines(JsonLines&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), size_(other.size_) {}
  JsonLines& operator=(JsonLines&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~JsonLines() {
    if (file_ >= 0) ::close(file_);
  }

  /// Numbers that are not finite become null: JSON has none. A line that fails is taken back.
  void write(const nlohmann::json& object) {
    const std::string line = json_text(object) + "\n";
    for (std::size_t done = 0; done < line.size();) {
      const ::ssize_t written = ::write(file_, line.data() + done, line.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        const std::string why = reason();
        const bool cut = ::ftruncate(file_, static_cast<::off_t>(size_)) == 0;
        fail("io", "cannot write to ", path_, " (", why, ")", cut ? "" : "; its last line is incomplete");
      }
      done += static_cast<std::size_t>(written);
    }
    size_ += line.size();
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }  ///< of the file [bytes]

 private:
  static std::string reason() { return std::generic_category().message(errno); }

  std::string path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace ordo
