#include <filesystem>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/glob.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;

TEST_CASE("a pattern without a match is refused by name") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(ordo::expand((folder / "*.txt").string()), Contains("no file matches") && Contains("*.txt"));
  CHECK_THROWS_WITH(ordo::expand((folder / "none.txt").string()), Contains("none.txt"));
  CHECK_THROWS_AS(ordo::expand(""), ordo::Error);
}

TEST_CASE("a pattern gives its matches in order") {
  const ScratchFolder folder;
  const auto b = folder.file("b.txt", "b");
  const auto a = folder.file("a.txt", "a");
  folder.file("c.dat", "c");
  CHECK(ordo::expand((folder / "*.txt").string()) == std::vector<std::filesystem::path>{a, b});
  CHECK(ordo::expand(a.string()) == std::vector<std::filesystem::path>{a});
}

TEST_CASE("a file whose name looks like a pattern stands for itself") {
  const ScratchFolder folder;
  const auto odd = folder.file("what[1].txt", "x");
  CHECK(ordo::expand(odd.string()) == std::vector<std::filesystem::path>{odd});
}
