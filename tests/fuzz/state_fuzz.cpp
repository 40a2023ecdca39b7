// Any state.json is either refused with an Error or names a state that is whole.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <ordo/core/error.hpp>
#include <ordo/io/checkpoint.hpp>

namespace {

/// A folder with one good state, whose manifest each run replaces.
const std::filesystem::path& folder() {
  static const std::filesystem::path made = [] {
    auto path = std::filesystem::temp_directory_path() / ("ordo_state_fuzz_" + std::to_string(::getpid()));
    std::filesystem::create_directories(path);
    const std::vector<float> numbers{1, 2, 3};
    const std::vector<ordo::NamedTensor> tensors{{"a", {3}, numbers}};
    ordo::save_state(path, 1, tensors);
    std::atexit([] { std::filesystem::remove_all(folder()); });
    return path;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::ofstream file(folder() / "state.json", std::ios::binary);
  if (size > 0) file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  file.close();
  try {
    const auto state = ordo::load_state(folder());
    if (!state || state->tensors.at("a").bytes.size() != 12) std::abort();
  } catch (const ordo::Error&) {
  }
  return 0;
}
