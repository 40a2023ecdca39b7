#pragma once
// How text becomes tokens and back: small enough to be stored beside a model, so that a program can read and
// write text without the data.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/utf8.hpp>

namespace ordo {

/// `kind` is "bytes", "characters" (Unicode code points), "uint16" or "uint32" (ids that only the user can read:
/// their text is decimal numbers between blanks).
class TextCodec {
 public:
  TextCodec() = default;  ///< bytes

  [[nodiscard]] static TextCodec bytes() { return {}; }
  /// Token i is code_points[i]; they must rise.
  [[nodiscard]] static TextCodec characters(std::vector<CodePoint> code_points) {
    require(!code_points.empty(), "data", "a vocabulary of characters must not be empty");
    for (std::size_t i = 0; i < code_points.size(); ++i) {
      require(is_code_point(code_points[i]), "data", "entry ", i, " of the vocabulary is no Unicode code point (got ",
              code_points[i], ")");
      require(i == 0 || code_points[i - 1] < code_points[i], "data", "the vocabulary's code points must rise (entry ",
              i, " is ", code_points[i], ")");
    }
    TextCodec codec;
    codec.kind_ = "characters";
    codec.vocab_ = static_cast<Token>(code_points.size());
    codec.code_points_ = std::move(code_points);
    return codec;
  }
  /// `kind`: "uint16" or "uint32".
  [[nodiscard]] static TextCodec ids(std::string kind, Token vocab) {
    require(kind == "uint16" || kind == "uint32", "data", "token ids are uint16 or uint32 (got ", kind, ")");
    require(vocab > 0 && vocab <= (1 << 28), "data", "vocab must be in 1 .. 2^28 (got ", vocab, ")");
    TextCodec codec;
    codec.kind_ = std::move(kind);
    codec.vocab_ = vocab;
    return codec;
  }
  /// From what a file stored: checks that the three agree.
  [[nodiscard]] static TextCodec restore(const std::string& kind, Token vocab, std::vector<CodePoint> code_points) {
    require(kind == "characters" || code_points.empty(), "data", "tokens of kind ", kind, " have no code points (got ",
            code_points.size(), ")");
    TextCodec codec = kind == "bytes"        ? bytes()
                      : kind == "characters" ? characters(std::move(code_points))
                                             : ids(kind, vocab);
    require(codec.vocab_ == vocab, "data", "tokens of kind ", kind, " have a vocabulary of ", codec.vocab_, " (got ",
            vocab, ")");
    return codec;
  }

  [[nodiscard]] const std::string& kind() const { return kind_; }
  [[nodiscard]] Token vocab() const { return vocab_; }
  [[nodiscard]] const std::vector<CodePoint>& code_points() const { return code_points_; }  ///< empty: no characters

  /// The id of a character, or absent.
  [[nodiscard]] Token find(CodePoint c) const {
    const auto found = std::lower_bound(code_points_.begin(), code_points_.end(), c);
    return found != code_points_.end() && *found == c ? static_cast<Token>(found - code_points_.begin()) : absent;
  }

  /// Throws an Error that names what the vocabulary lacks, and where in `text` it is.
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const {
    std::vector<Token> tokens;
    if (kind_ == "bytes") {
      for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    } else if (kind_ == "characters") {
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t here = at;
        const CodePoint c = next_code_point(text, at);
        require(c != not_utf8, "data", "the text has invalid UTF-8 at byte ", here);
        tokens.push_back(find(c));
        if (tokens.back() == absent) {
          fail("data", "the character ", code_point_name(c), " at byte ", here,
               " of the text is not in the vocabulary of ", vocab_);
        }
      }
    } else {
      encode_ids(text, tokens);
    }
    return tokens;
  }

  /// Throws an Error that names an id outside the vocabulary.
  [[nodiscard]] std::string decode(std::span<const Token> tokens) const {
    std::string text;
    for (const Token t : tokens) {
      require(t >= 0 && t < vocab_, "data", "cannot write token ", t, " as text: the vocabulary has ", vocab_);
      if (kind_ == "bytes") {
        text += static_cast<char>(static_cast<unsigned char>(t));
      } else if (kind_ == "characters") {
        append_utf8(text, code_points_[static_cast<std::size_t>(t)]);
      } else {
        text += (text.empty() ? "" : " ") + std::to_string(t);
      }
    }
    return text;
  }

  friend bool operator==(const TextCodec&, const TextCodec&) = default;

 private:
  void encode_ids(std::string_view text, std::vector<Token>& tokens) const {
    constexpr std::string_view blanks = " \t\r\n";
    for (std::size_t at = text.find_first_not_of(blanks); at < text.size();) {
      const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
      const std::string_view word = text.substr(at, end - at);
      Token id = absent;
      const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
      require(error == std::errc() && stop == word.data() + word.size() && id >= 0 && id < vocab_, "data",
              "a token id must be a number below ", vocab_, " (got '", word, "' at byte ", at, ")");
      tokens.push_back(id);
      at = text.find_first_not_of(blanks, end);
    }
  }

  std::string kind_ = "bytes";
  Token vocab_ = 256;
  std::vector<CodePoint> code_points_;
};

}  // namespace ordo
