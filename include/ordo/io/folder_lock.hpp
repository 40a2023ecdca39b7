#pragma once
// One program at a time in a folder.

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <ordo/core/error.hpp>

namespace ordo {

/// Holds the folder's lock for as long as it lives; the system lets go of it when the program ends, however it ends.
class FolderLock {
 public:
  static constexpr const char* name = "lock";  ///< an empty file in the folder

  FolderLock() = default;
  /// Throws an Error that names the folder if another program holds it.
  explicit FolderLock(const std::filesystem::path& folder) {
    require(take(folder), "io", "another program is at work in the folder ", folder.string());
  }
  /// The same, but none if another program holds it.
  [[nodiscard]] static std::optional<FolderLock> attempt(const std::filesystem::path& folder) {
    FolderLock lock;
    if (!lock.take(folder)) return std::nullopt;
    return lock;
  }
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FolderLock() {
    if (file_ >= 0) ::close(file_);
  }

 private:
  bool take(const std::filesystem::path& folder) {
    const std::string path = (folder / name).string();
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    require(file_ >= 0, "io", "cannot open ", path, " (", std::generic_category().message(errno), ")");
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return true;
    ::close(std::exchange(file_, -1));
    return false;
  }

  int file_ = -1;
};

}  // namespace ordo
