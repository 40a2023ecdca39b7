#include <cstddef>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <ordo/data/utf8.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using namespace std::string_view_literals;

TEST_CASE("bytes that are no UTF-8 are found at their offset") {
  CHECK(ordo::first_invalid_utf8("ab\xff") == 2);
  CHECK(ordo::first_invalid_utf8("ab\x80") == 2);
  CHECK(ordo::first_invalid_utf8("\xc0\x80") == 0);          // overlong NUL
  CHECK(ordo::first_invalid_utf8("\xc1\xbf") == 0);          // overlong, two bytes
  CHECK(ordo::first_invalid_utf8("\xe0\x9f\xbf") == 0);      // overlong, three bytes
  CHECK(ordo::first_invalid_utf8("\xf0\x8f\xbf\xbf") == 0);  // overlong, four bytes
  CHECK(ordo::first_invalid_utf8("x\xed\xa0\x80") == 1);     // a surrogate
  CHECK(ordo::first_invalid_utf8("\xf4\x90\x80\x80") == 0);  // U+110000
  CHECK(ordo::first_invalid_utf8("\xf5\x80\x80\x80") == 0);
  CHECK(ordo::first_invalid_utf8("caf\xc3") == 3);  // cut short
  CHECK(ordo::first_invalid_utf8("\xf0\x9f\x98") == 0);
  CHECK(ordo::first_invalid_utf8("\xe2\x82z") == 0);
}

TEST_CASE("every code point comes back from its bytes") {
  std::size_t bytes = 0;
  bool same = true;
  for (ordo::CodePoint c = 0; c < 0x110000; ++c) {
    if (!ordo::is_code_point(c)) continue;
    std::string text;
    ordo::append_utf8(text, c);
    std::size_t at = 0;
    same = same && ordo::next_code_point(text, at) == c && at == text.size() &&
           text.size() == static_cast<std::size_t>(ordo::utf8_bytes(c));
    bytes += text.size();
  }
  CHECK(same);
  CHECK(bytes == 128 + 2 * 1920 + 3 * (63488 - 2048) + 4 * 1048576);
}

TEST_CASE("characters have names") {
  CHECK(ordo::code_point_name('a') == "U+0061");
  CHECK(ordo::code_point_name(0x20AC) == "U+20AC");
  CHECK(ordo::code_point_name(0x1F600) == "U+01F600");
}

TEST_CASE("a file that is no text is refused with its name and the offset") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(ordo::check_text(folder.file("nul.bin", "ab\0cd"sv)),
                    Contains("nul.bin") && Contains("NUL at byte 2"));
  CHECK_THROWS_WITH(ordo::check_text(folder.file("latin.txt", "caf\xe9!")),
                    Contains("latin.txt") && Contains("byte 3"));
  CHECK_THROWS_WITH(ordo::check_text(folder.file("both", "\xff\0"sv)), Contains("invalid UTF-8 at byte 0"));
  CHECK_THROWS_WITH(ordo::check_text(folder / "none"), Contains("No such file"));
  CHECK_NOTHROW(ordo::check_text(folder.file("good.txt", "caf\xc3\xa9\n")));
}
