#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/byte_dataset.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::ByteDataset;

TEST_CASE("bad input is refused with the file and the value") {
  const ScratchFolder folder;
  const auto good = folder.file("good.txt", "some text");
  CHECK_THROWS_WITH(ByteDataset::from_file(folder / "none.txt"), Contains("none.txt") && Contains("No such file"));
  CHECK_THROWS_WITH(ByteDataset::from_file(folder.path()), Contains("is a directory"));
  CHECK_THROWS_WITH(ByteDataset::from_file(folder.file("empty.txt", "")), Contains("empty.txt is empty"));
  CHECK_THROWS_WITH(ByteDataset::from_file(folder.file("short.txt", "a")), Contains("short.txt") && Contains("got 1"));
  CHECK_THROWS_WITH(ByteDataset::from_files({}), Contains("at least one document"));
  CHECK_THROWS_WITH(ByteDataset::from_text("x"), Contains("at least 2 tokens (got 1)"));
  CHECK_THROWS_WITH(ByteDataset::from_file(good, {.context = 0}), Contains("context") && Contains("got 0"));
  CHECK_THROWS_WITH(ByteDataset::from_file(good, {.validation = 1.5}), Contains("got 1.5"));
  CHECK_THROWS_WITH(ByteDataset::from_file(good, {.validation = 0.5, .validation_files = {good}}),
                    Contains("not both (got 0.5 and 1 files)"));
  CHECK_THROWS_WITH(ByteDataset::from_file(good, {.validation_files = {folder / "gone"}}), Contains("gone"));
}

TEST_CASE("the end of a single file is held out") {
  const ScratchFolder folder;
  auto text = ByteDataset::from_file(folder.file("book.txt", "abcdefghij"), {.context = 4, .validation = 0.3});
  CHECK(text.vocab() == 256);
  CHECK(text.kind() == "bytes");
  CHECK(text.train().tokens() == 7);
  CHECK(text.train().size() == 2);
  CHECK(text.train().context() == 4);
  CHECK(text.validation().tokens() == 3);
  CHECK(text.validation().bytes() == 3);
  std::vector<ordo::Token> window;
  text.validation().copy(0, window);
  CHECK(text.decode(window) == "hij");
}

TEST_CASE("of several files whole ones are held out, or those that are named") {
  const ScratchFolder folder;
  const auto a = folder.file("a", "aaaa");
  const auto b = folder.file("b", "bbbb");
  const auto c = folder.file("c", "cccc");
  const auto by_share = ByteDataset::from_files({a, b, c}, {.validation = 0.1});
  CHECK(by_share.train().tokens() == 8);
  CHECK(by_share.validation().tokens() == 4);
  const auto named = ByteDataset::from_files({b, c}, {.validation_files = {a}});
  std::vector<ordo::Token> window;
  named.validation().copy(0, window);
  CHECK(named.decode(window) == "aaaa");
  CHECK(named.train().size() == 2);
  CHECK(ByteDataset::from_files({a, b, c}).validation().empty());
}

TEST_CASE("any bytes are data, and windows outlive the data set") {
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  const ordo::Windows windows = ByteDataset::from_text(every).train();
  std::vector<ordo::Token> window;
  windows.copy(0, window);
  REQUIRE(window.size() == 256);
  for (int i = 0; i < 256; ++i) CHECK(window[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a data set goes by value into what takes any data set") {
  const ordo::Dataset data = ByteDataset::from_text("hello", {.context = 2});
  CHECK(data.train().size() == 3);
  CHECK(data.decode(data.encode("hello")) == "hello");
}
