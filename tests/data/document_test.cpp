#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/document.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::Document;
using ordo::Token;
using ordo::TokenStorage;

namespace {

std::vector<Token> copied(const Document& d, std::int64_t begin, std::int64_t count, Token vocab = 1 << 28) {
  std::vector<Token> out(static_cast<std::size_t>(count));
  d.copy(begin, count, vocab, out.data());
  return out;
}

}  // namespace

TEST_CASE("a token file that ends inside a token is refused with its size") {
  const ScratchFolder folder;
  const auto path = folder.file("odd.bin", "12345");
  CHECK_THROWS_WITH(Document::from_file(path, TokenStorage::uint16),
                    Contains("odd.bin has 5 bytes") && Contains("the 2"));
  CHECK_THROWS_WITH(Document::from_file(path, TokenStorage::uint32),
                    Contains("odd.bin has 5 bytes") && Contains("the 4"));
  CHECK_NOTHROW(Document::from_file(path, TokenStorage::uint8));
}

TEST_CASE("a token outside the vocabulary is refused with its id and its place in the whole document") {
  const ScratchFolder folder;
  const Document d = Document::from_file(folder.file("some.u32", std::string("\1\0\0\0\2\0\0\0\xff\xff\xff\xff", 12)),
                                         TokenStorage::uint32);
  CHECK_THROWS_WITH(copied(d, 0, 3, 100),
                    Contains("token id 4294967295 at token 2 of") && Contains("vocabulary of 100"));
  CHECK_THROWS_WITH(copied(d.slice(1, 2), 0, 2, 100), Contains("at token 2 of"));
  CHECK_THROWS_WITH(copied(d, 1, 1, 2), Contains("token id 2 at token 1"));
  CHECK_THROWS_WITH(Document::from_tokens("mine", {3, -1}), Contains("-1 at token 1 of mine"));
}

TEST_CASE("tokens beyond the end are refused") {
  const Document d = Document::from_text("mine", "abc");
  CHECK_THROWS_WITH(copied(d, 2, 2), Contains("mine, which has 3"));
  CHECK_THROWS_WITH(d.slice(-1, 1), Contains("tokens -1"));
  CHECK_THROWS_WITH(d.slice(4, 0), Contains("tokens 4"));
  CHECK_THROWS_WITH(d.raw(1, std::numeric_limits<std::int64_t>::max()), Contains("which has 3"));
}

TEST_CASE("tokens come back from every kind of storage") {
  const ScratchFolder folder;
  const auto path = folder.file("some", std::string("\1\2\3\0\4\0\0\0", 8));
  CHECK(copied(Document::from_file(path, TokenStorage::uint8), 0, 8) == std::vector<Token>{1, 2, 3, 0, 4, 0, 0, 0});
  CHECK(copied(Document::from_file(path, TokenStorage::uint16), 0, 4) == std::vector<Token>{0x201, 3, 4, 0});
  CHECK(copied(Document::from_file(path, TokenStorage::uint32), 0, 2) == std::vector<Token>{0x30201, 4});
  CHECK(copied(Document::from_tokens("mine", {7, 1 << 20, 0}), 1, 2) == std::vector<Token>{1 << 20, 0});
  CHECK(copied(Document::from_text("mine", "a\xff"), 0, 2) == std::vector<Token>{'a', 255});
}

TEST_CASE("a slice of a slice counts from its own start, and outlives the whole") {
  Document part = Document::from_text("mine", "abcdefgh").slice(2, 5).slice(1, 3);
  CHECK(part.tokens() == 3);
  CHECK(copied(part, 0, 3) == std::vector<Token>{'d', 'e', 'f'});
}
