#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/io/safetensors.hpp>
#include <ordo/io/safetensors_writer.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::NamedTensor;

TEST_CASE("tensors that cannot be written are refused by name, and what was there stays") {
  const ScratchFolder folder;
  const auto path = folder.file("a.safetensors", "old");
  const std::vector<float> numbers{1, 2, 3};
  const auto write = [&](const std::vector<NamedTensor>& tensors) { ordo::write_safetensors(path, tensors); };
  CHECK_THROWS_WITH(write({{"w", {2}, numbers}}), Contains("'w'") && Contains("2 numbers, but 3 are given"));
  CHECK_THROWS_WITH(write({{"w", {-3}, numbers}}), Contains("'w'") && Contains("-3"));
  CHECK_THROWS_WITH(write({{"w", {1LL << 40, 1LL << 40}, numbers}}), Contains("'w'") && Contains("extent"));
  CHECK_THROWS_WITH(write({{"w", {3}, numbers}, {"w", {3}, numbers}}), Contains("two tensors") && Contains("'w'"));
  CHECK_THROWS_WITH(write({{"__metadata__", {3}, numbers}}), Contains("__metadata__"));
  CHECK_THROWS_WITH(write({{"\xff", {3}, numbers}}), Contains("UTF-8"));
  CHECK(bytes_of(path) == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("tensors come back bit for bit: odd sizes, empty ones, a scalar, odd names") {
  const ScratchFolder folder;
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> odd{1.5F, -0.0F, inf, std::numeric_limits<float>::quiet_NaN(), 1e-45F};
  const std::vector<float> one{7};
  const std::vector<NamedTensor> tensors{
      {"z", {5}, odd}, {"empty", {0, 3}, {}}, {"scalar", {}, one}, {"a \"b\"\n\xc3\xa9", {1, 5, 1}, odd}};
  ordo::write_safetensors(folder / "a", tensors, {{"format", "pt"}});
  const ordo::SafetensorsFile file(folder / "a");
  CHECK(file.tensors().size() == 4);
  CHECK(file.metadata().at("format") == "pt");
  for (const NamedTensor& t : tensors) {
    std::vector<float> back(t.data.size(), 42);
    file.copy(t.name, t.shape, back);
    CHECK((back.empty() || std::memcmp(back.data(), t.data.data(), t.data.size_bytes()) == 0));
  }
}

TEST_CASE("a file without tensors is a file") {
  const ScratchFolder folder;
  ordo::write_safetensors(folder / "a", {});
  CHECK(ordo::SafetensorsFile(folder / "a").tensors().empty());
}

TEST_CASE("the layout is the format's: length, header, data at a multiple of 8") {
  const ScratchFolder folder;
  const std::vector<float> numbers{1, 2};
  const std::vector<NamedTensor> tensors{{"w", {2}, numbers}};
  ordo::write_safetensors(folder / "a", tensors);
  const std::string bytes = bytes_of(folder / "a");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  CHECK(bytes.size() == 8 + length + 8);
  CHECK_THAT(bytes.substr(8, length), Catch::StartsWith(R"({"w":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}})"));
  CHECK(std::memcmp(bytes.data() + 8 + length, numbers.data(), 8) == 0);
}
