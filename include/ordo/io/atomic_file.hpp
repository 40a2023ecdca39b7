#pragma once
// Files that are there whole or not at all: written under another name, then renamed.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <ordo/core/checksum.hpp>
#include <ordo/core/error.hpp>

namespace ordo {

/// Collects bytes in "<path>.partial"; `commit` puts them in the place of `path`, surviving a power cut. Until then,
/// and whenever something fails, what stood at `path` stays as it was, and the partial file is removed. Errors name
/// the path and the system's reason. One writer per path at a time.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path) : path_(path.string()), partial_(path_ + ".partial") {
    file_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    require(file_ >= 0, "io", "cannot create ", partial_, " (", reason(), ")");
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() { discard(); }

  void write(std::span<const std::byte> bytes) {
    require(file_ >= 0, "io", path_, " is finished: nothing more can be written");
    sum_.add(bytes);
    size_ += bytes.size();
    while (!bytes.empty()) {
      const ::ssize_t written = ::write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) abandon("write");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  [[nodiscard]] std::uint64_t size() const { return size_; }             ///< written so far [bytes]
  [[nodiscard]] std::uint64_t checksum() const { return sum_.value(); }  ///< of what is written so far

  /// Makes the file appear under its name.
  void commit() {
    require(file_ >= 0, "io", path_, " is finished: it cannot be committed again");
    if (::fsync(file_) != 0) abandon("save");
    const int file = file_;
    file_ = -1;
    if (::close(file) != 0 || ::rename(partial_.c_str(), path_.c_str()) != 0) abandon("save");
    sync_folder();
  }

 private:
  static std::string reason() { return std::generic_category().message(errno); }
  [[noreturn]] void abandon(std::string_view doing) {
    const std::string why = reason();
    discard();
    ::unlink(partial_.c_str());
    fail("io", "cannot ", doing, " ", path_, " (", why, "); what stood there is untouched");
  }
  void discard() noexcept {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink(partial_.c_str());
    file_ = -1;
  }
  // The new name is in the folder, which has a cache of its own. Some file systems cannot do this: no harm.
  void sync_folder() const {
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    const int opened = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;
    ::fsync(opened);
    ::close(opened);
  }

  std::string path_;
  std::string partial_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  Checksum sum_;
};

/// Replaces the file at `path` by this text, whole or not at all.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace ordo
