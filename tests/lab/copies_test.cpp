// Pieces that stand word for word in a source, against a search by hand.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/rng.hpp>
#include <ordo/lab/copies.hpp>

namespace {

using ordo::Token;

std::vector<Token> tokens(const std::string& text) { return {text.begin(), text.end()}; }

/// The same by trying every piece of every sample.
ordo::Copies by_hand(const std::vector<Token>& source, const std::vector<std::vector<Token>>& samples,
                     std::size_t least) {
  ordo::Copies found;
  for (const auto& sample : samples) {
    std::vector<bool> copied(sample.size(), false);
    for (auto from = sample.begin(); from != sample.end(); ++from) {
      for (auto to = from + 1; to <= sample.end(); ++to) {
        if (std::search(source.begin(), source.end(), from, to) == source.end()) break;
        const auto length = static_cast<std::size_t>(to - from);
        found.longest = std::max(found.longest, length);
        if (length < least) continue;
        std::fill(copied.begin() + (from - sample.begin()), copied.begin() + (to - sample.begin()), true);
      }
    }
    found.tokens += sample.size();
    found.copied += static_cast<std::size_t>(std::count(copied.begin(), copied.end(), true));
  }
  return found;
}

}  // namespace

TEST_CASE("a copied piece is found with its length, and overlapping pieces count once") {
  const ordo::SourceText source(tokens("the cat sat on the mat"));
  CHECK(source.longest_prefix(tokens("sat on the dog")) == 11);
  CHECK(source.longest_prefix(tokens("mat")) == 3);
  CHECK(source.longest_prefix(tokens("xyz")) == 0);
  CHECK(source.longest_prefix({}) == 0);
  const std::vector<std::vector<Token>> samples = {tokens("a cat sat on a mat")};
  const ordo::Copies found = ordo::find_copies(source, samples, 5);
  CHECK(found.tokens == 18);
  CHECK(found.copied == 12);  // " cat sat on "
  CHECK(found.longest == 12);
  CHECK(found.share() == Approx(12.0 / 18));
}

TEST_CASE("random texts over few letters give what a search by hand gives") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    ordo::Stream draws(seed, ordo::Purpose::test, 0);
    const auto letters = [&](std::size_t count) {
      std::vector<Token> text;
      while (text.size() < count) text.push_back(static_cast<Token>(draws.below(3)));
      return text;
    };
    const std::vector<Token> source = letters(draws.below(60));
    const std::vector<std::vector<Token>> samples = {letters(30), letters(1), letters(0)};
    for (const std::size_t least : {1U, 3U, 5U}) {
      const ordo::Copies found = ordo::find_copies(ordo::SourceText(source), samples, least);
      const ordo::Copies wanted = by_hand(source, samples, least);
      CHECK(found.copied == wanted.copied);
      CHECK(found.longest == wanted.longest);
      CHECK(found.tokens == 31);
    }
  }
}

TEST_CASE("a piece of no token is refused") {
  CHECK_THROWS_WITH(ordo::find_copies(ordo::SourceText({}), {}, 0), Catch::Contains("pieces must have a token"));
}
