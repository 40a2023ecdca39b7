#pragma once
// The one way a header reports bad input: an exception whose text is a clear sentence.

#include <charconv>
#include <concepts>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ordo {

/// What every check in the library throws. `what()` reads "[ordo] where: what must hold (values)".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown where something was stopped on request before it was complete.
class Stopped : public Error {
 public:
  using Error::Error;
};

namespace detail {

/// One part of a sentence: text, or a number that is written only if the sentence is.
class Part {
 public:
  constexpr explicit Part(std::string_view text) : kind_(Kind::text), text_(text) {}
  constexpr explicit Part(const char* text) : Part(std::string_view(text)) {}
  constexpr explicit Part(char letter) : kind_(Kind::letter), letter_(letter) {}
  constexpr explicit Part(std::signed_integral auto number) : kind_(Kind::whole), whole_(number) {}
  constexpr explicit Part(std::unsigned_integral auto number) : kind_(Kind::natural), natural_(number) {}
  constexpr explicit Part(double number) : kind_(Kind::real), real_(number) {}

  void append_to(std::string& sentence) const {
    char digits[32];
    char* const end = digits + sizeof digits;
    switch (kind_) {
      case Kind::text: sentence += text_; return;
      case Kind::letter: sentence += letter_; return;
      case Kind::whole: sentence.append(digits, std::to_chars(digits, end, whole_).ptr); return;
      case Kind::natural: sentence.append(digits, std::to_chars(digits, end, natural_).ptr); return;
      case Kind::real:  // six digits, as streams write
        sentence.append(digits, std::to_chars(digits, end, real_, std::chars_format::general, 6).ptr);
    }
  }

 private:
  enum class Kind { text, letter, whole, natural, real } kind_;
  union {
    std::string_view text_;
    char letter_;
    long long whole_;
    unsigned long long natural_;
    double real_;
  };
};

/// Not a template, and never inlined: a program has hundreds of checks, and would compile all of it for each.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_error(std::string_view where,
                                                               std::initializer_list<Part> parts) {
  std::string sentence = "[ordo] ";
  sentence.append(where).append(": ");
  for (const Part& part : parts) part.append_to(sentence);
  throw Error(sentence);
}

}  // namespace detail

/// Throws an Error whose sentence is all the parts (text and numbers), written one after the other.
template <class... Parts>
[[noreturn]] void fail(std::string_view where, const Parts&... parts) {
  detail::throw_error(where, {detail::Part(parts)...});
}

/// Throws as `fail` does unless `holds`. The parts are only written when the check fails.
template <class... Parts>
constexpr void require(bool holds, std::string_view where, const Parts&... parts) {
  if (!holds)
    detail::throw_error(where, {detail::Part(parts)...});  // copies: no address of a caller's variable is taken
}

}  // namespace ordo
