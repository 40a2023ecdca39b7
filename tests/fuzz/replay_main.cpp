// Runs a fuzz target over files and folders that are given, under any compiler: what once broke stays repaired.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::cout << path.string() << std::endl;  // flushed, so that a crash tells its file
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
  int replayed = 0;
  try {
    for (int i = 1; i < count; ++i) {
      if (!std::filesystem::is_directory(arguments[i])) {
        replay(arguments[i]);
        ++replayed;
        continue;
      }
      for (const auto& file : std::filesystem::recursive_directory_iterator(arguments[i])) {
        if (!file.is_regular_file()) continue;
        replay(file.path());
        ++replayed;
      }
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  std::cout << replayed << " inputs replayed\n";
  return replayed > 0 ? 0 : 1;  // a corpus that is not found is no success
}
