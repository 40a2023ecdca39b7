#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <ordo/core/checksum.hpp>

namespace {

std::uint64_t of(std::string_view text, std::uint64_t seed = 0) {
  ordo::Checksum sum(seed);
  sum.add(text);
  return sum.value();
}

/// The buffer of the reference implementation's self test: byte i is the top byte of a running product.
std::string sanity_buffer(std::size_t size) {
  std::string buffer;
  std::uint32_t generator = 2654435761U;
  for (std::size_t i = 0; i < size; ++i) {
    buffer += static_cast<char>(generator >> 24U);
    generator *= generator;
  }
  return buffer;
}

}  // namespace

TEST_CASE("the checksum is XXH64: published values") {
  CHECK(of("") == 0xEF46DB3751D8E999ULL);
  CHECK(of("a") == 0xD24EC4F1A98C6E5BULL);
  CHECK(of("abc") == 0x44BC2CF5AD770999ULL);
  CHECK(of("", 2654435761U) == 0xAC75FDA2929B17EFULL);
  CHECK(of(sanity_buffer(1)) == 0x4FCE394CC88952D8ULL);
  CHECK(of(sanity_buffer(1), 2654435761U) == 0x739840CB819FA723ULL);
  CHECK(of(sanity_buffer(14)) == 0xCFFA8DB881BC3A3DULL);
  CHECK(of(sanity_buffer(14), 2654435761U) == 0x5B9611585EFCC9CBULL);
  CHECK(of(sanity_buffer(101)) == 0x0EAB543384F878ADULL);
  CHECK(of(sanity_buffer(101), 2654435761U) == 0xCAA65939306F1E21ULL);
}

TEST_CASE("the checksum does not depend on how the bytes are cut") {
  const std::string text = sanity_buffer(200);
  for (std::size_t first = 0; first <= 100; ++first) {
    for (const std::size_t second : {0U, 1U, 31U, 32U, 33U, 64U}) {
      ordo::Checksum sum;
      sum.add(std::string_view(text).substr(0, first));
      sum.add(std::string_view(text).substr(first, second));
      static_cast<void>(sum.value());  // asking changes nothing
      sum.add(std::string_view(text).substr(first + second));
      CHECK(sum.value() == of(text));
    }
  }
}

TEST_CASE("every single flipped bit changes the checksum") {
  const std::string text = sanity_buffer(75);
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string other = text;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
    CHECK(of(other) != of(text));
  }
}
