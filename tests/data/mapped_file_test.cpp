#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <ordo/data/mapped_file.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::MappedFile;

namespace {

/// Root may read every file, so root steps down for a while.
class AsNobody {
 public:
  AsNobody() {
    if (was_ == 0) changed_ = ::seteuid(65534) == 0;
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (changed_ && ::seteuid(was_) != 0) std::abort();
  }

 private:
  ::uid_t was_ = ::geteuid();
  bool changed_ = false;
};

}  // namespace

TEST_CASE("a file that cannot be mapped is refused with its path and the reason") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(MappedFile(folder / "none.txt"), Contains("none.txt") && Contains("No such file"));
  CHECK_THROWS_WITH(MappedFile(folder.path()), Contains(folder.path().string()) && Contains("is a directory"));
  CHECK_THROWS_WITH(MappedFile(folder.file("empty.txt", "")), Contains("empty.txt is empty"));
  CHECK_THROWS_WITH(MappedFile("/dev/null"), Contains("/dev/null is not a regular file"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(MappedFile(folder / "pipe"), Contains("pipe is not a regular file"));
}

TEST_CASE("a file without permission to read is refused with its path and the reason") {
  const ScratchFolder folder;
  const auto path = folder.file("secret.txt", "abc");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const AsNobody not_root;
  CHECK_THROWS_WITH(MappedFile(path), Contains("secret.txt") && Contains("Permission denied"));
}

TEST_CASE("a mapped file gives the bytes of the file") {
  const ScratchFolder folder;
  const std::string text("a\0b\xff", 4);
  const MappedFile file(folder.file("some.bin", text));
  CHECK(file.text() == text);
  CHECK(file.bytes().size() == 4);
  CHECK(MappedFile(folder.file("empty", ""), ordo::EmptyFile::allowed).text().empty());
}

TEST_CASE("moving a mapped file moves the map") {
  const ScratchFolder folder;
  MappedFile first(folder.file("one", "one"));
  MappedFile second(folder.file("two", "second"));
  second = std::move(first);
  CHECK(second.text() == "one");
  const MappedFile third(std::move(second));
  CHECK(third.text() == "one");
  CHECK(third.path() == (folder / "one").string());
}
