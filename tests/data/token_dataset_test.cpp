#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/token_dataset.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::Token;
using ordo::TokenDataset;
using ordo::TokenFile;

namespace {

template <class Word>
std::string_view raw(const std::vector<Word>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(Word)};
}

}  // namespace

TEST_CASE("token files that cannot be right are refused with the file and the value") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(TokenDataset::from_file(folder.file("odd.u16", "abc"), 100), Contains("odd.u16 has 3 bytes"));
  CHECK_THROWS_WITH(TokenDataset::from_file(folder.file("odd.u32", "abcdef"), 100), Contains("odd.u32 has 6 bytes"));
  CHECK_THROWS_WITH(TokenDataset::from_file(folder.file("short.bin", "ab"), 100),
                    Contains("short.bin") && Contains("got 1"));
  CHECK_THROWS_WITH(TokenDataset::from_file(folder.file("some.npy", "abcd"), 100), Contains("some.npy"));
  const auto good = folder.file("good.u16", "abcd");
  CHECK_THROWS_WITH(TokenDataset::from_file(good, 0), Contains("vocab") && Contains("got 0"));
  CHECK_THROWS_WITH(TokenDataset::from_file(good, 1 << 29), Contains("vocab") && Contains("got 536870912"));
  CHECK_THROWS_WITH(TokenDataset::from_files({good, folder.file("good.u32", "abcdefgh")}, 100),
                    Contains("another size"));
  CHECK_THROWS_WITH(TokenDataset::from_files({}, 100), Contains("at least one document"));
}

TEST_CASE("an id outside the vocabulary is found when its window is copied") {
  const ScratchFolder folder;
  const std::vector<std::uint16_t> ids{1, 2, 3, 99, 100, 5};
  const auto data = TokenDataset::from_file(folder.file("ids.bin", raw(ids)), 100, {.context = 2});
  std::vector<Token> window;
  CHECK_NOTHROW(data.train().copy(1, window));
  CHECK_THROWS_WITH(data.train().copy(2, window), Contains("token id 100 at token 4 of") && Contains("ids.bin"));
}

TEST_CASE("tokens in memory are checked at once") {
  CHECK_THROWS_WITH(TokenDataset::from_tokens({1, 2, 9}, 9), Contains("token id 9 at token 2 of document 0"));
  CHECK_THROWS_WITH(TokenDataset::from_documents({{1, 2}, {3, -4}}, 9),
                    Contains("token id -4 at token 1 of document 1"));
  CHECK_THROWS_WITH(TokenDataset::from_tokens({}, 9), Contains("at least 2 tokens (got 0)"));
  CHECK_THROWS_WITH(TokenDataset::from_tokens({1, 2}, 9, {.validation_files = {"x"}}), Contains("no validation files"));
}

TEST_CASE("tokens come back from files of both sizes") {
  const ScratchFolder folder;
  const std::vector<std::uint16_t> small{0, 65535, 7};
  const std::vector<std::uint32_t> large{0, 70000, 7, 1};
  const auto a = TokenDataset::from_file(folder.file("a.u16", raw(small)), 65536);
  const auto b = TokenDataset::from_file(folder.file("b.u32", raw(large)), 100000, {.validation = 0.5});
  const auto c = TokenDataset::from_file(folder.file("c.dat", raw(large)), 100000, {}, TokenFile::uint32);
  std::vector<Token> window;
  a.train().copy(0, window);
  CHECK(window == std::vector<Token>{0, 65535, 7});
  b.validation().copy(0, window);
  CHECK(window == std::vector<Token>{7, 1});
  c.train().copy(0, window);
  CHECK(c.decode(window) == "0 70000 7 1");
  CHECK(a.kind() == "uint16");
  CHECK(b.kind() == "uint32");
  CHECK(a.train().bytes() == 0);
}

TEST_CASE("tokens in memory are cut by document") {
  const auto data = TokenDataset::from_documents({{1, 2, 3}, {4, 5}, {6, 7}}, 8, {.context = 2, .validation = 0.2});
  CHECK(data.train().size() == 3);
  CHECK(data.validation().tokens() == 2);
  CHECK(data.kind() == "uint16");
}
