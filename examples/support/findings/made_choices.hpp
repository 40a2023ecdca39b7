#pragma once
// Multiple-choice tasks made out of a text, where there is no benchmark in the text's own language and time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/data/choice_task.hpp>

namespace program {

/// Draws tasks from one text, for models with a context of so many characters. Pieces are plain ASCII and begin with a
/// word; the same seed gives the same tasks. A text and its continuation, a whole piece, and a piece with the word
/// after it each fit the context.
class TaskMaker {
 public:
  TaskMaker(std::string text, std::size_t context, std::uint64_t seed)
      : given_(context * 5 / 8),    // with
        choice_(context * 5 / 16),  // this: 15/16 of the context
        piece_(context * 3 / 4),    // and a word of at most choice_ / 2 behind it: 29/32
        text_(std::move(text)),
        draws_(seed, ordo::Purpose::made_task, 0) {
    const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    std::size_t plain_from = 0;  // everything from here on is plain
    for (std::size_t i = 1; i < text_.size(); ++i) {
      if (!plain(text_[i])) plain_from = i + 1;
      const bool fits = i >= plain_from + piece_ && i + piece_ <= text_.size();
      if (!fits || !letter(i) || text_[i - 1] != ' ') continue;
      if (std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(i),
                      text_.begin() + static_cast<std::ptrdiff_t>(i + piece_), plain)) {
        words_.push_back(i);
      }
    }
    ordo::require(words_.size() >= 100, "choices", "the validation text has ", words_.size(),
                  " words to make tasks of, fewer than 100; give --choices FILE");
  }

  /// Which of four pieces goes on from another that is twice as long? Three are from elsewhere.
  [[nodiscard]] std::vector<ordo::ChoiceTask> continuations(std::size_t count) {
    return collect("continuation", count, [&]() -> std::optional<ordo::ChoiceTask> {
      const std::size_t at = word();
      ordo::ChoiceTask task{{}, text_.substr(at - given_, given_), {}, draws_.below(4)};
      for (std::size_t c = 0; c < 4; ++c) task.choices.push_back(text_.substr(c == task.label ? at : word(), choice_));
      for (std::size_t c = 0; c < 4; ++c) {
        if (c != task.label && task.choices[c] == task.choices[task.label]) return std::nullopt;
      }
      return task;
    });
  }

  /// Which of two pieces has its words in the order of the text? In the other two neighbours changed places.
  [[nodiscard]] std::vector<ordo::ChoiceTask> word_orders(std::size_t count) {
    return collect("word-order", count, [&]() -> std::optional<ordo::ChoiceTask> {
      const std::string piece = text_.substr(word(), piece_);
      // The first pair of different words behind the middle.
      const std::size_t first = piece.find(' ', piece_ / 2) + 1;
      const std::size_t second = piece.find(' ', first) + 1;
      const std::size_t end = piece.find_first_not_of(letters, second);
      if (first == 0 || second == 0 || end == std::string::npos) return std::nullopt;
      const std::string a = piece.substr(first, second - 1 - first);
      const std::string b = piece.substr(second, end - second);
      if (a == b || a.empty() || b.empty() || a.find_first_not_of(letters) != std::string::npos) return std::nullopt;
      std::string swapped = piece;
      swapped.replace(first, end - first, b + " " + a);
      ordo::ChoiceTask task{{}, {}, {piece, swapped}, draws_.below(2)};
      if (task.label == 1) std::swap(task.choices[0], task.choices[1]);
      return task;
    });
  }

  /// What is the next word, of four letters or more? No choices: exact match.
  [[nodiscard]] std::vector<ordo::ChoiceTask> next_words(std::size_t count) {
    return collect("next-word", count, [&]() -> std::optional<ordo::ChoiceTask> {
      const std::size_t at = word();
      const std::size_t end = text_.find_first_not_of(letters, at);
      if (end == std::string::npos || end - at < 4 || end - at > choice_ / 2) return std::nullopt;
      return ordo::ChoiceTask{{}, text_.substr(at - piece_, piece_), {text_.substr(at, end - at)}, 0};
    });
  }

 private:
  /// Draws until there are so many tasks. Throws an Error where hardly any draw gives one.
  template <class Make>
  [[nodiscard]] std::vector<ordo::ChoiceTask> collect(const char* kind, std::size_t count, const Make& make) {
    std::vector<ordo::ChoiceTask> tasks;
    const std::size_t most = 1000 + 100 * count;
    for (std::size_t draw = 0; tasks.size() < count; ++draw) {
      ordo::require(draw < most, "choices", most, " draws from the validation text gave ", tasks.size(), " of the ",
                    count, " ", kind, " tasks; it needs a longer context or another text, or give --choices FILE");
      if (std::optional<ordo::ChoiceTask> task = make()) tasks.push_back(std::move(*task));
    }
    return tasks;
  }

  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

  [[nodiscard]] bool letter(std::size_t i) const { return letters.find(text_[i]) != std::string_view::npos; }
  [[nodiscard]] std::size_t word() { return words_[draws_.below(static_cast<std::uint32_t>(words_.size()))]; }

  std::size_t given_;   // what is continued [characters]
  std::size_t choice_;  // a continuation [characters]
  std::size_t piece_;   // every word that is drawn has so many before and behind it [characters]
  std::string text_;
  std::vector<std::size_t> words_;  // where they begin
  ordo::Stream draws_;
};

}  // namespace program
