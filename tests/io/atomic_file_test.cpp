#include <csignal>
#include <filesystem>
#include <string>

#include <sys/resource.h>

#include <catch2/catch.hpp>

#include <ordo/io/atomic_file.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::AtomicFile;

namespace {

/// While it lives, no file may grow beyond `bytes`: as good as a full disk.
class FileLimit {
 public:
  explicit FileLimit(::rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    ::rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  ::rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

}  // namespace

TEST_CASE("a write that does not fit names the path and the reason, and loses nothing") {
  const ScratchFolder folder;
  const auto path = folder.file("run.json", "the old text");
  std::string message;
  {
    const FileLimit limit(100000);
    try {
      ordo::write_file_atomically(path, std::string(1000000, 'x'));
    } catch (const ordo::Error& error) {
      message = error.what();
    }
  }
  CHECK_THAT(message, Contains("cannot write") && Contains("run.json") && Contains("File too large"));
  CHECK(bytes_of(path) == "the old text");
  CHECK(folder.files() == 1);
}

TEST_CASE("a target that cannot be replaced names the path and the reason, and leaves no partial file") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(AtomicFile(folder / "none/file"), Contains("none/file") && Contains("No such file"));
  std::filesystem::create_directories(folder / "taken/inside");
  CHECK_THROWS_WITH(ordo::write_file_atomically(folder / "taken", "x"),
                    Contains("cannot save") && Contains("taken") && Contains("directory"));
  CHECK(folder.files() == 1);
}

TEST_CASE("a finished file takes no more") {
  const ScratchFolder folder;
  AtomicFile file(folder / "a");
  file.write("abc");
  file.commit();
  CHECK_THROWS_WITH(file.write("d"), Contains("finished"));
  CHECK_THROWS_WITH(file.commit(), Contains("finished"));
  CHECK(bytes_of(folder / "a") == "abc");
}

TEST_CASE("what is not committed never shows") {
  const ScratchFolder folder;
  folder.file("a", "old");
  {
    AtomicFile file(folder / "a");
    file.write("new");
    CHECK(bytes_of(folder / "a") == "old");
  }
  CHECK(bytes_of(folder / "a") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("a committed file has every byte, and knows its size and checksum") {
  const ScratchFolder folder;
  folder.file("a.partial", "left by a program that was stopped");
  AtomicFile file(folder / "a");
  file.write("");
  file.write("abc");
  CHECK(file.size() == 3);
  CHECK(file.checksum() == 0x44BC2CF5AD770999ULL);  // XXH64 of "abc"
  file.commit();
  CHECK(bytes_of(folder / "a") == "abc");
  CHECK(folder.files() == 1);
}
