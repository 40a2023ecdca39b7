#pragma once
// UTF-8 (RFC 3629): code points from bytes and back, and whether a file is text at all.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <ordo/core/error.hpp>
#include <ordo/data/mapped_file.hpp>

namespace ordo {

using CodePoint = std::uint32_t;

/// Stands for "the bytes here are no UTF-8".
inline constexpr CodePoint not_utf8 = 0xffffffff;

/// Up to U+10FFFF, surrogates left out.
[[nodiscard]] constexpr bool is_code_point(CodePoint c) { return c < 0x110000 && (c < 0xd800 || c > 0xdfff); }

/// The code point at byte `at` of `text`; moves `at` behind it. Gives not_utf8, and leaves `at`, where the bytes
/// are cut short, overlong, a surrogate or out of range. `at` must be inside the text.
[[nodiscard]] constexpr CodePoint next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<CodePoint>(static_cast<unsigned char>(text[i])); };
  const CodePoint lead = byte(at);
  if (lead < 0x80) return ++at, lead;
  if (lead < 0xc2 || lead > 0xf4) return not_utf8;
  const std::size_t more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (text.size() - at <= more) return not_utf8;
  CodePoint c = lead & (0x3fU >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return not_utf8;
    c = (c << 6) | (byte(at + i) & 0x3f);
  }
  if (c < (more == 1 ? 0x80U : more == 2 ? 0x800U : 0x10000U) || !is_code_point(c)) return not_utf8;
  at += more + 1;
  return c;
}

/// Bytes of a code point in UTF-8: 1 .. 4.
[[nodiscard]] constexpr int utf8_bytes(CodePoint c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

inline void append_utf8(std::string& text, CodePoint c) {
  const int bytes = utf8_bytes(c);
  if (bytes == 1) {
    text += static_cast<char>(c);
    return;
  }
  const CodePoint mark = bytes == 2 ? 0xc0 : bytes == 3 ? 0xe0 : 0xf0;
  text += static_cast<char>(mark | (c >> (6 * (bytes - 1))));
  for (int i = bytes - 2; i >= 0; --i) text += static_cast<char>(0x80U | ((c >> (6 * i)) & 0x3fU));
}

/// The offset of the first byte that is no UTF-8, or npos.
[[nodiscard]] constexpr std::size_t first_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (next_code_point(text, at) == not_utf8) return at;
  }
  return std::string_view::npos;
}

/// "U+00E9": how messages name a character.
[[nodiscard]] inline std::string code_point_name(CodePoint c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string name = "U+";
  for (int shift = c > 0xffff ? 20 : 12; shift >= 0; shift -= 4) name += digits[(c >> shift) & 0xf];
  return name;
}

/// Throws an Error that names the file and the offset if it has a NUL byte or is no UTF-8: a guard for programs
/// against a wrong file name. (A byte data set itself takes any bytes.)
inline void check_text(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::size_t nul = file.text().find('\0');
  const std::size_t bad = first_invalid_utf8(file.text().substr(0, nul));
  require(bad == std::string_view::npos, "data", file.path(), " is no text: invalid UTF-8 at byte ", bad);
  require(nul == std::string_view::npos, "data", file.path(), " is no text: a NUL at byte ", nul);
}

}  // namespace ordo
