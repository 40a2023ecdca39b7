#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <ordo/io/checkpoint.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::load_state;
using ordo::save_state;

namespace {

/// A state whose numbers all equal its step.
void save(const std::filesystem::path& folder, std::uint64_t step, std::size_t size = 5) {
  const std::vector<float> numbers(size, static_cast<float>(step));
  const std::vector<ordo::NamedTensor> tensors{{"w", {static_cast<std::int64_t>(size)}, numbers}};
  save_state(folder, step, tensors, {{"step", step}});
}
float first_number(const ordo::State& state, std::size_t size = 5) {
  std::vector<float> numbers(size);
  state.tensors.copy("w", std::vector<std::int64_t>{static_cast<std::int64_t>(size)}, numbers);
  CHECK(std::count(numbers.begin(), numbers.end(), numbers[0]) == static_cast<std::ptrdiff_t>(size));
  return numbers[0];
}
/// Changes one field of state.json.
void set(const ScratchFolder& folder, const std::string& key, const nlohmann::json& value) {
  nlohmann::json manifest = ordo::read_json(folder / "state.json");
  manifest[key] = value;
  ordo::write_json(folder / "state.json", manifest);
}

}  // namespace

TEST_CASE("a state of a newer build is refused with both numbers") {
  const ScratchFolder folder;
  save(folder.path(), 3);
  set(folder, "format_version", 99);
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("format_version 99") && Contains("this build's 1"));
  set(folder, "format_version", ordo::state_format_version);
  set(folder, "draw_stream_version", 98);
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("draw_stream_version 98") && Contains("newer"));
  set(folder, "draw_stream_version", 0);
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("draw_stream_version 0") && Contains("older"));
}

TEST_CASE("a state that is not what was written is refused with both values") {
  const ScratchFolder folder;
  save(folder.path(), 3);
  const std::string path = folder / "state-3.safetensors";
  const std::string good = bytes_of(path);
  std::string bad = good;
  bad.back() = static_cast<char>(bad.back() ^ 1);
  folder.file("state-3.safetensors", bad);
  const auto written = ordo::read_json(folder / "state.json")["checksum"].get<std::string>();
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("state-3.safetensors has the checksum") && Contains(written));
  folder.file("state-3.safetensors", good.substr(0, good.size() - 1));
  CHECK_THROWS_WITH(load_state(folder.path()), Contains(std::to_string(good.size() - 1) + " bytes, but " +
                                                        std::to_string(good.size()) + " were written"));
  std::filesystem::remove(path);
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("state-3.safetensors") && Contains("No such file"));
}

TEST_CASE("a manifest that is cut, lacks a field or points elsewhere is refused by name") {
  const ScratchFolder folder;
  save(folder.path(), 3);
  set(folder, "file", "../state-3.safetensors");
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("no state of this folder (../state-3"));
  set(folder, "file", "state-/../x");
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("no state of this folder"));
  set(folder, "file", 7);
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("'file' must be text (got 7)"));
  folder.file("state.json", "{\"format_version\": 1}");
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("state.json has no field 'draw_stream_version'"));
  folder.file("state.json", "{\"format_ver");
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("state.json is no valid JSON"));
  folder.file("state.json", "");
  CHECK_THROWS_WITH(load_state(folder.path()), Contains("state.json is empty"));
}

TEST_CASE("a save that fails leaves the state before") {
  const ScratchFolder folder;
  save(folder.path(), 3);
  CHECK_THROWS_WITH(save_state(folder.path(), 4, {}, nlohmann::json::array()), Contains("must be an object"));
  std::filesystem::create_directory(folder / "state.json.partial");  // the manifest cannot be written
  CHECK_THROWS_WITH(save(folder.path(), 4), Contains("state.json.partial"));
  CHECK(first_number(*load_state(folder.path())) == 3);
  CHECK_FALSE(std::filesystem::exists(folder / "state-4.safetensors"));
  CHECK_THROWS_WITH(save(folder / "none", 4), Contains("none") && Contains("No such file"));
}

TEST_CASE("a folder without a manifest has no state") {
  const ScratchFolder folder;
  CHECK_FALSE(load_state(folder.path()).has_value());
  CHECK_FALSE(load_state(folder / "none").has_value());
}

TEST_CASE("a state comes back with its manifest, and 64-bit numbers keep every bit") {
  const ScratchFolder folder;
  const std::vector<float> numbers{1.5F, -2};
  const std::vector<ordo::NamedTensor> tensors{{"w", {2, 1}, numbers}, {"none", {0}, {}}};
  const std::uint64_t seed = std::numeric_limits<std::uint64_t>::max();
  save_state(folder.path(), 12, tensors, {{"seed", seed}, {"loss", 0.1}});
  const auto state = load_state(folder.path());
  REQUIRE(state.has_value());
  CHECK(state->manifest["seed"].get<std::uint64_t>() == seed);
  CHECK(state->manifest["loss"].get<double>() == 0.1);
  std::vector<float> back(2);
  state->tensors.copy("w", std::vector<std::int64_t>{2, 1}, back);
  CHECK(back == numbers);
}

TEST_CASE("a save removes older states and leftovers, and nothing else") {
  const ScratchFolder folder;
  save(folder.path(), 1);
  folder.file("state-2.safetensors.partial", "cut");
  folder.file("state-7.safetensors", "of a run that was stopped");
  folder.file("model.safetensors", "mine");
  folder.file("metrics.jsonl", "{}");
  save(folder.path(), 3);
  CHECK(folder.files() == 4);
  CHECK(first_number(*load_state(folder.path())) == 3);
}

TEST_CASE("saving a step again never writes over the state that counts") {
  const ScratchFolder folder;
  save(folder.path(), 3);
  save(folder.path(), 3);
  CHECK(bytes_of(folder / "state.json").find("state-3-2.safetensors") != std::string::npos);
  save(folder.path(), 3);
  CHECK(first_number(*load_state(folder.path())) == 3);
  CHECK(folder.files() == 2);
}

TEST_CASE("a program that is killed while saving leaves a complete state") {
  const ScratchFolder folder;
  constexpr std::size_t size = 20000;
  save(folder.path(), 1, size);
  float latest = 1;
  for (int round = 0; round < 12; ++round) {
    const ::pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (std::uint64_t step = static_cast<std::uint64_t>(latest) + 1;; ++step) save(folder.path(), step, size);
      } catch (const std::exception&) {
        ::_exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 7 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto state = load_state(folder.path());
    REQUIRE(state.has_value());
    CHECK(first_number(*state, size) >= latest);
    CHECK(first_number(*state, size) == state->manifest["step"].get<float>());
    latest = first_number(*state, size);
  }
  CHECK(latest > 1);  // the children did save
}
