#pragma once
// A file with these bytes, for the time of one fuzz run.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

/// Lives in the folder for temporary files; the process reuses one name.
class ScratchFile {
 public:
  ScratchFile(const std::uint8_t* data, std::size_t size, const std::string& extension)
      : path_(std::filesystem::temp_directory_path() / ("ordo_fuzz_" + std::to_string(::getpid()) + extension)) {
    std::ofstream file(path_, std::ios::binary);
    if (size > 0) file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    if (!file.flush()) std::abort();  // the machine is at fault, not the input
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};
