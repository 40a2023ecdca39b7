#pragma once
// The setting that names a run's folder. What opens it comes along with the name, so that programs that keep no
// checkpoints compile none of it.

#include <concepts>
#include <filesystem>
#include <memory>

namespace ordo {

struct RunStart;  // train/run_store.hpp
class RunStore;

/// Opens a new folder, or one with a run of the same identity; throws an Error for anything else. Defined in
/// train/run_directory.hpp.
[[nodiscard]] inline std::unique_ptr<RunStore> open_run_directory(const std::filesystem::path& folder,
                                                                  const RunStart& start);

/// A path, or nothing. Assign a path or text to it.
class RunFolder {
 public:
  RunFolder() = default;
  template <class Path>
    requires(!std::same_as<Path, RunFolder> && std::constructible_from<std::filesystem::path, const Path&>)
  RunFolder(const Path& path) : path_(path), open_(open_run_directory) {}

  [[nodiscard]] bool empty() const { return path_.empty(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Must not be empty. Defined in train/run_store.hpp.
  [[nodiscard]] std::unique_ptr<RunStore> open(const RunStart& start) const;

 private:
  std::filesystem::path path_;
  decltype(&open_run_directory) open_ = nullptr;
};

}  // namespace ordo
