#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/character_dataset.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::CharacterDataset;
using ordo::Token;

TEST_CASE("a file that is no UTF-8 is refused with its name and the byte") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(CharacterDataset::from_file(folder.file("latin.txt", "caf\xe9 au lait")),
                    Contains("latin.txt") && Contains("invalid UTF-8 at byte 3"));
  CHECK_THROWS_WITH(CharacterDataset::from_file(folder.file("image.png", "\x89PNG\r\n")),
                    Contains("image.png") && Contains("byte 0"));
  CHECK_THROWS_WITH(CharacterDataset::from_file(folder.file("short.txt", "\xc3\xa9")),
                    Contains("short.txt") && Contains("at least 2 tokens (got 1)"));
  CHECK_THROWS_WITH(CharacterDataset::from_file(folder / "none"), Contains("No such file"));
}

TEST_CASE("a held-out character that the vocabulary lacks is refused with its place") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(CharacterDataset::from_text("aabbaabb\xc3\xa9z", {.validation = 0.2}),
                    Contains("U+00E9 at character 8 of the text") && Contains("vocabulary of 2"));
  const auto train = folder.file("train.txt", "abab");
  const auto other = folder.file("other.txt", "abc");
  CHECK_THROWS_WITH(CharacterDataset::from_file(train, {.validation_files = {other}}),
                    Contains("U+0063 at character 2 of") && Contains("other.txt"));
  CHECK_THROWS_WITH(CharacterDataset::from_file(other, {}, {'a', 'b'}), Contains("U+0063"));
}

TEST_CASE("the vocabulary is the sorted characters of the training text") {
  const auto text = CharacterDataset::from_text(
      "b\xc3\xa9"
      "aab\xf0\x9f\x98\x80",
      {.context = 4});
  CHECK(text.kind() == "characters");
  CHECK(text.codec().code_points() == std::vector<ordo::CodePoint>{'a', 'b', 0xe9, 0x1F600});
  CHECK(text.vocab() == 4);
  CHECK(text.train().tokens() == 6);
  CHECK(text.train().bytes() == 10);
  std::vector<Token> window;
  text.train().copy(0, window);
  CHECK(window == std::vector<Token>{1, 2, 0, 0});
  CHECK(text.decode(window) ==
        "b\xc3\xa9"
        "aa");
  CHECK(text.encode("\xc3\xa9") == std::vector<Token>{2});
}

TEST_CASE("a share is counted in characters, and a given vocabulary is kept") {
  const auto text =
      CharacterDataset::from_text("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9xxxxxx", {.validation = 0.4}, {'x', 0xe9});
  CHECK(text.train().tokens() == 6);
  CHECK(text.train().bytes() == 10);
  CHECK(text.validation().tokens() == 4);
  CHECK(text.validation().bytes() == 4);
  CHECK(text.vocab() == 2);
}
