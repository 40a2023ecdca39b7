#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/windows.hpp>

using Catch::Contains;
using ordo::Document;
using ordo::Token;
using ordo::Windows;

namespace {

Windows text_windows(const std::vector<std::string>& documents, int context) {
  std::vector<Document> made;
  for (const std::string& d : documents) made.push_back(Document::from_text("text", d));
  return Windows(made, context, 256, {1});
}

std::vector<std::string> all(const Windows& windows) {
  std::vector<std::string> texts;
  std::vector<Token> window;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    windows.copy(i, window);
    texts.emplace_back(window.begin(), window.end());
    if (texts.back().size() != static_cast<std::size_t>(windows.length(i))) texts.back() += " (length() differs)";
  }
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("windows refuse settings and questions that make no sense, with the value") {
  CHECK_THROWS_WITH(Windows({}, 0, 256), Contains("context") && Contains("got 0"));
  CHECK_THROWS_WITH(Windows({}, 8, 0), Contains("vocab") && Contains("got 0"));
  CHECK_THROWS_WITH(Windows({}, 8, 3, {1, 2}), Contains("text_bytes") && Contains("got 2, vocab 3"));
  const Windows w = text_windows({"abcde"}, 2);
  CHECK_THROWS_WITH(w.length(3), Contains("no window 3 (there are 3)"));
  CHECK_THROWS_WITH(w.first_tokens(6), Contains("only 5 tokens") && Contains("first 6"));
  CHECK_THROWS_WITH(w.first_tokens(0), Contains("got 0"));
}

TEST_CASE("windows do not cross documents, and the last of a document may be shorter") {
  const Windows w = text_windows({"abcdefg", "h", "", "ijkl"}, 3);
  CHECK(all(w) == Texts{"abc", "def", "g", "h", "ijk", "l"});
  CHECK(w.tokens() == 12);
  CHECK(w.bytes() == 12);
  std::vector<int> documents;
  for (std::size_t i = 0; i < w.size(); ++i) documents.push_back(w.document(i));
  CHECK(documents == std::vector<int>{0, 0, 0, 1, 3, 3});
}

TEST_CASE("windows without documents are empty") {
  CHECK(Windows().empty());
  CHECK(Windows().tokens() == 0);
  CHECK(text_windows({}, 4).empty());
}

TEST_CASE("the first tokens are the same windows, the last one cut") {
  const Windows w = text_windows({"abcdefg", "hi", "jkl"}, 3);
  CHECK(all(w.first_tokens(12)) == all(w));
  CHECK(all(w.first_tokens(9)) == Texts{"abc", "def", "g", "hi"});
  CHECK(all(w.first_tokens(8)) == Texts{"abc", "def", "g", "h"});
  CHECK(all(w.first_tokens(6)) == Texts{"abc", "def"});
  CHECK(all(w.first_tokens(5)) == Texts{"abc", "de"});
  for (std::int64_t n = 1; n <= w.tokens(); ++n) CHECK(w.first_tokens(n).tokens() == n);
}

TEST_CASE("a subset is drawn by its seed, without repeats and in order") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i);
  const Windows w = text_windows({text}, 2);  // 100 windows
  const Texts whole = all(w);
  const Texts some = all(w.subset(30, 1));
  CHECK(some.size() == 30);
  CHECK(std::is_sorted(some.begin(), some.end(), [&](const std::string& a, const std::string& b) {
    return std::find(whole.begin(), whole.end(), a) < std::find(whole.begin(), whole.end(), b);
  }));
  CHECK(std::adjacent_find(some.begin(), some.end()) == some.end());
  CHECK(some == all(w.subset(30, 1)));
  CHECK(some != all(w.subset(30, 2)));
  CHECK(w.subset(30, 1).tokens() == 60);
  CHECK(all(w.subset(100, 1)) == whole);
  CHECK(all(w.subset(1000, 1)) == whole);
  CHECK(w.subset(0, 1).empty());
}

TEST_CASE("every window is as likely to be in a subset") {
  const Windows w = text_windows({"abcdefghij"}, 1);
  std::vector<int> count(10);
  constexpr int draws = 4000;
  for (int seed = 0; seed < draws; ++seed) {
    for (const std::string& window : all(w.subset(3, static_cast<std::uint64_t>(seed)))) {
      ++count[static_cast<std::size_t>(window[0] - 'a')];
    }
  }
  // Binomial: mean 1200, standard deviation 29; five of them.
  for (const int c : count) CHECK(std::abs(c - 1200) < 145);
}

TEST_CASE("a part of a part: subset and first tokens follow each other in any order") {
  const Windows w = text_windows({"abcdefg", "hi", "jklmno"}, 2);
  const Windows some = w.subset(5, 3);
  const Texts texts = all(some);
  const std::int64_t cut = some.tokens() - some.length(4) + 1;
  Texts expected(texts.begin(), texts.begin() + 4);
  expected.push_back(texts[4].substr(0, 1));
  CHECK(all(some.first_tokens(cut)) == expected);
  CHECK(some.first_tokens(cut).tokens() == cut);
  for (const std::string& window : all(some.subset(2, 9))) {
    CHECK(std::find(texts.begin(), texts.end(), window) != texts.end());
  }
  CHECK(all(w.first_tokens(8).subset(99, 0)) == Texts{"ab", "cd", "ef", "g", "h"});
}

TEST_CASE("bytes of text are unknown, alike for all tokens, or added up by token") {
  const std::vector<Document> documents{Document::from_tokens("mine", {0, 1, 2, 2, 1})};
  CHECK(Windows(documents, 2, 3).bytes() == 0);
  CHECK(Windows(documents, 2, 3, {2}).bytes() == 10);
  CHECK(Windows(documents, 2, 3, {1, 3, 4}).bytes() == 15);
  CHECK(Windows(documents, 2, 3, {1, 3, 4}).first_tokens(3).bytes() == 8);
}

TEST_CASE("the fingerprint changes with the settings, the cuts and any token, and with nothing else") {
  const auto print = [](const std::vector<std::string>& documents, int context) {
    return text_windows(documents, context).fingerprint();
  };
  const std::uint64_t first = print({"abcdef", "gh"}, 3);
  CHECK(first == print({"abcdef", "gh"}, 3));
  CHECK(first != print({"abcdef", "gx"}, 3));
  CHECK(first != print({"abcdef", "gh"}, 2));
  CHECK(first != print({"abcdefg", "h"}, 3));
  CHECK(first != print({"abcdefgh"}, 3));
  const Windows w = text_windows({"abcdefghij"}, 2);
  CHECK(w.first_tokens(9).fingerprint() != w.fingerprint());
  CHECK(w.subset(2, 0).fingerprint() != w.fingerprint());
  CHECK(w.subset(2, 0).fingerprint() == w.subset(2, 0).fingerprint());
  CHECK(w.first_tokens(6).fingerprint() == text_windows({"abcdef"}, 2).fingerprint());
}
