#pragma once
// How much of a sample stands word for word in the text that its model was trained on.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// A text in which pieces are looked up: a suffix array, four bytes a token beside the tokens. Building it takes
/// n log n comparisons of suffixes, so a text that repeats itself at length takes long.
class SourceText {
 public:
  /// Throws an Error where there are 2^32 tokens or more.
  explicit SourceText(std::vector<Token> tokens) : tokens_(std::move(tokens)) {
    require(tokens_.size() < std::numeric_limits<std::uint32_t>::max(), "copies", "the source has ", tokens_.size(),
            " tokens, more than 32 bits count");
    suffixes_.resize(tokens_.size());
    std::iota(suffixes_.begin(), suffixes_.end(), 0U);
    std::sort(suffixes_.begin(), suffixes_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::lexicographical_compare(tokens_.begin() + a, tokens_.end(), tokens_.begin() + b, tokens_.end());
    });
  }

  /// How many tokens from the start of `text` on stand together somewhere in the source.
  [[nodiscard]] std::size_t longest_prefix(std::span<const Token> text) const {
    const auto after = std::lower_bound(
        suffixes_.begin(), suffixes_.end(), text, [&](std::uint32_t suffix, std::span<const Token> wanted) {
          return std::lexicographical_compare(tokens_.begin() + suffix, tokens_.end(), wanted.begin(), wanted.end());
        });
    // The suffix with the longest common prefix is one of the neighbours of where the text would stand.
    std::size_t longest = 0;
    if (after != suffixes_.end()) longest = common(*after, text);
    if (after != suffixes_.begin()) longest = std::max(longest, common(*(after - 1), text));
    return longest;
  }

 private:
  [[nodiscard]] std::size_t common(std::uint32_t suffix, std::span<const Token> text) const {
    const auto [end, _] = std::mismatch(text.begin(), text.end(), tokens_.begin() + suffix, tokens_.end());
    return static_cast<std::size_t>(end - text.begin());
  }

  std::vector<Token> tokens_;
  std::vector<std::uint32_t> suffixes_;
};

struct Copies {
  std::size_t tokens = 0;   ///< of all samples
  std::size_t copied = 0;   ///< of these, inside a piece of `least` tokens or more that stands in the source
  std::size_t longest = 0;  ///< such piece, and shorter ones [tokens]

  [[nodiscard]] double share() const { return static_cast<double>(copied) / static_cast<double>(tokens); }
};

/// What of the samples stands in the source in pieces of `least` tokens or more; a piece lies within one sample. Common
/// turns of phrase are found in any text, so compare with a text that was not trained on.
[[nodiscard]] inline Copies find_copies(const SourceText& source, std::span<const std::vector<Token>> samples,
                                        std::size_t least) {
  require(least > 0, "copies", "pieces must have a token or more (got 0)");
  Copies found;
  for (const std::vector<Token>& sample : samples) {
    std::size_t until = 0;  // tokens before this one are counted
    for (std::size_t from = 0; from < sample.size(); ++from) {
      const std::size_t length = source.longest_prefix(std::span(sample).subspan(from));
      found.longest = std::max(found.longest, length);
      if (length < least) continue;
      found.copied += from + length - std::max(until, from);
      until = from + length;
    }
    found.tokens += sample.size();
  }
  return found;
}

}  // namespace ordo
