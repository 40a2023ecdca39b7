#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/codec.hpp>

using Catch::Contains;
using ordo::TextCodec;
using ordo::Token;

TEST_CASE("a stored codec whose parts do not agree is refused") {
  CHECK_THROWS_WITH(TextCodec::restore("words", 10, {}), Contains("got words"));
  CHECK_THROWS_WITH(TextCodec::restore("bytes", 10, {}), Contains("vocabulary of 256 (got 10)"));
  CHECK_THROWS_WITH(TextCodec::restore("bytes", 256, {'a'}), Contains("no code points (got 1)"));
  CHECK_THROWS_WITH(TextCodec::restore("characters", 3, {'a', 'b'}), Contains("vocabulary of 2 (got 3)"));
  CHECK_THROWS_WITH(TextCodec::restore("characters", 0, {}), Contains("must not be empty"));
  CHECK_THROWS_WITH(TextCodec::restore("uint16", 0, {}), Contains("vocab") && Contains("got 0"));
  CHECK_THROWS_WITH(TextCodec::characters({'b', 'a'}), Contains("must rise (entry 1 is 97)"));
  CHECK_THROWS_WITH(TextCodec::characters({'a', 'a'}), Contains("must rise"));
  CHECK_THROWS_WITH(TextCodec::characters({'a', 0xd800}), Contains("entry 1") && Contains("55296"));
}

TEST_CASE("text that the vocabulary cannot express is refused with its place") {
  const TextCodec letters = TextCodec::characters({'a', 'b', 0xe9});
  CHECK_THROWS_WITH(letters.encode("ab\xc3\xa9z"), Contains("U+007A at byte 4"));
  CHECK_THROWS_WITH(letters.encode("a\xff"), Contains("invalid UTF-8 at byte 1"));
  const TextCodec ids = TextCodec::ids("uint16", 50);
  CHECK_THROWS_WITH(ids.encode("1 50"), Contains("'50' at byte 2"));
  CHECK_THROWS_WITH(ids.encode("1 x"), Contains("'x'"));
  CHECK_THROWS_WITH(ids.encode("-1"), Contains("'-1'"));
  CHECK_THROWS_WITH(ids.encode("99999999999999"), Contains("'99999999999999'"));
}

TEST_CASE("tokens outside the vocabulary are not written as text") {
  CHECK_THROWS_WITH(TextCodec::bytes().decode(std::vector<Token>{65, 256}),
                    Contains("token 256") && Contains("has 256"));
  CHECK_THROWS_WITH(TextCodec::bytes().decode(std::vector<Token>{-1}), Contains("token -1"));
}

TEST_CASE("text comes back from its tokens") {
  const std::string text = "caf\xc3\xa9";
  CHECK(TextCodec::bytes().encode(text) == std::vector<Token>{'c', 'a', 'f', 0xc3, 0xa9});
  CHECK(TextCodec::bytes().decode(TextCodec::bytes().encode(text)) == text);
  const TextCodec letters = TextCodec::characters({'a', 'c', 'f', 0xe9});
  CHECK(letters.encode(text) == std::vector<Token>{1, 0, 2, 3});
  CHECK(letters.decode(letters.encode(text)) == text);
  const TextCodec ids = TextCodec::ids("uint32", 1000);
  CHECK(ids.encode("  7 42\n999 ") == std::vector<Token>{7, 42, 999});
  CHECK(ids.decode(ids.encode("  7 42\n999 ")) == "7 42 999");
  CHECK(ids.encode("").empty());
}

TEST_CASE("a codec comes back from its stored parts") {
  for (const TextCodec& codec :
       {TextCodec::bytes(), TextCodec::characters({'a', 0x1F600}), TextCodec::ids("uint16", 50257)}) {
    CHECK(TextCodec::restore(codec.kind(), codec.vocab(), codec.code_points()) == codec);
  }
}
