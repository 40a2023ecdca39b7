#pragma once
// A whole file as bytes, without reading it: the system pages it in, so it may be larger than memory.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ordo/core/error.hpp>

namespace ordo {

/// What to do about a file of no bytes.
enum class EmptyFile : std::uint8_t { refused, allowed };

/// A read-only map of a regular file (POSIX mmap). Throws an Error that names the path and the reason. The file
/// must not be cut short while it is mapped: the system would end the process.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path, EmptyFile empty = EmptyFile::refused) : path_(path.string()) {
    const Descriptor file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a pipe must not block
    require(file.number >= 0, "data", "cannot open ", path_, " (", reason(), ")");
    struct stat about {};
    require(::fstat(file.number, &about) == 0, "data", "cannot examine ", path_, " (", reason(), ")");
    require(!S_ISDIR(about.st_mode), "data", path_, " is a directory, but a file is needed");
    require(S_ISREG(about.st_mode), "data", path_, " is not a regular file");
    require(about.st_size > 0 || empty == EmptyFile::allowed, "data", path_, " is empty");
    size_ = static_cast<std::size_t>(about.st_size);
    if (size_ == 0) return;
    void* start = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
    require(start != MAP_FAILED, "data", "cannot map ", path_, " of ", size_, " bytes (", reason(), ")");
    data_ = static_cast<const std::byte*>(start);
  }
  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    MappedFile moved(std::move(other));
    swap(moved);
    return *this;
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);  // NOLINT: munmap asks for non-const
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const {
    return size_ == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(data_), size_);
  }

 private:
  struct Descriptor {
    int number;
    ~Descriptor() {
      if (number >= 0) ::close(number);
    }
  };
  static std::string reason() { return std::generic_category().message(errno); }
  void swap(MappedFile& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ordo
