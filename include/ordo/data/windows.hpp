#pragma once
// What training and scoring read: documents cut into windows of at most `context` tokens.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <ordo/core/checksum.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/document.hpp>

namespace ordo {

/// Windows that do not overlap and never cross documents; a document's last may be shorter. A cheap handle: it
/// keeps a few numbers for each document, and one for each window of a subset.
class Windows {
 public:
  Windows() : Windows({}, 1, 1) {}
  /// `text_bytes`: how many bytes of text a token stands for. Empty: unknown; one number: each token alike;
  /// `vocab` numbers: by token id.
  Windows(std::vector<Document> documents, int context, Token vocab, std::vector<std::uint16_t> text_bytes = {})
      : documents_(std::make_shared<const std::vector<Document>>(std::move(documents))),
        text_bytes_(std::make_shared<const std::vector<std::uint16_t>>(std::move(text_bytes))),
        context_(context),
        vocab_(vocab) {
    require(context > 0 && context <= (1 << 24), "data", "context must be in 1 .. 2^24 (got ", context, ")");
    require(vocab > 0 && vocab <= (1 << 28), "data", "vocab must be in 1 .. 2^28 (got ", vocab, ")");
    const std::size_t given = text_bytes_->size();
    require(given <= 1 || given == static_cast<std::size_t>(vocab), "data", "text_bytes must have vocab numbers (got ",
            given, ", vocab ", vocab, ")");
    std::vector<std::size_t> first{0};
    for (const Document& d : *documents_) {
      tokens_ += d.tokens();
      first.push_back(first.back() + static_cast<std::size_t>((d.tokens() + context - 1) / context));
    }
    first_ = std::make_shared<const std::vector<std::size_t>>(std::move(first));
  }

  [[nodiscard]] std::size_t size() const { return chosen_ ? chosen_->size() : first_->back(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }  ///< of all windows together
  [[nodiscard]] int context() const { return context_; }         ///< T, the longest window [tokens]
  [[nodiscard]] Token vocab() const { return vocab_; }

  [[nodiscard]] int length(std::size_t i) const { return place(i).length; }               ///< of window i [tokens]
  [[nodiscard]] std::int32_t document(std::size_t i) const { return place(i).document; }  ///< that window i is from

  /// Resizes `out` to length(i) and writes the window. Throws an Error for a token outside the vocabulary.
  void copy(std::size_t i, std::vector<Token>& out) const {
    const Place p = place(i);
    out.resize(static_cast<std::size_t>(p.length));
    at(p).copy(p.begin, p.length, vocab_, out.data());
  }

  /// The first `unique` tokens, in the order of the windows; the last window is cut. Throws if there are fewer.
  [[nodiscard]] Windows first_tokens(std::int64_t unique) const {
    require(unique > 0, "data", "the number of tokens to keep must be positive (got ", unique, ")");
    require(unique <= tokens_, "data", "there are only ", tokens_, " tokens (asked for the first ", unique, ")");
    std::int64_t left = unique;
    std::size_t last = 0;  // the window that holds the last token
    for (; left > length(last); ++last) left -= length(last);
    const Place end = place(last);
    std::vector<Document> kept(documents_->begin(), documents_->begin() + end.document + 1);
    kept.back() = kept.back().slice(0, end.begin + left);
    Windows part(std::move(kept), context_, vocab_, *text_bytes_);
    if (chosen_) part.choose({chosen_->begin(), chosen_->begin() + static_cast<std::ptrdiff_t>(last) + 1});
    return part;
  }

  /// `count` of the windows, drawn without replacement and kept in order; all of them if there are no more.
  [[nodiscard]] Windows subset(std::size_t count, std::uint64_t seed) const {
    if (count >= size()) return *this;
    require(size() <= std::numeric_limits<std::uint32_t>::max(), "data", "a subset is of less than 2^32 windows (got ",
            size(), ")");
    Stream stream(seed, Purpose::subset, 0);
    std::vector<std::size_t> picked;
    picked.reserve(count);
    for (std::size_t i = 0; picked.size() < count; ++i) {  // selection sampling: each subset is as likely
      if (stream.below(static_cast<std::uint32_t>(size() - i)) < count - picked.size()) {
        picked.push_back(chosen_ ? (*chosen_)[i] : i);
      }
    }
    Windows part = *this;
    part.choose(std::move(picked));
    return part;
  }

  /// Bytes of text that the windows encode, for bits per byte; 0 if unknown. Reads every token where they differ.
  [[nodiscard]] std::int64_t bytes() const {
    if (text_bytes_->size() <= 1) return tokens_ * bytes_of(0);
    std::int64_t sum = 0;
    std::vector<Token> window;
    for (std::size_t i = 0; i < size(); ++i) {
      copy(i, window);
      for (const Token t : window) sum += bytes_of(t);
    }
    return sum;
  }
  /// Bytes of text that a token stands for; 0 if unknown.
  [[nodiscard]] std::int64_t bytes_of(Token token) const {
    if (text_bytes_->empty()) return 0;
    return text_bytes_->size() == 1 ? text_bytes_->front() : (*text_bytes_)[static_cast<std::size_t>(token)];
  }

  /// A checksum of the settings and of every token, computed anew: tells whether a run resumes on the same data.
  [[nodiscard]] std::uint64_t fingerprint() const {
    Checksum sum;
    sum.add(static_cast<std::uint64_t>(context_));
    sum.add(static_cast<std::uint64_t>(vocab_));
    for (std::size_t i = 0; i < size(); ++i) {
      const Place p = place(i);
      sum.add((static_cast<std::uint64_t>(p.document) << 32) | static_cast<std::uint64_t>(p.length));
      sum.add(at(p).raw(p.begin, p.length));
    }
    return sum.value();
  }

 private:
  struct Place {
    std::int32_t document;
    int length;
    std::int64_t begin;  // within the document [tokens]
  };

  [[nodiscard]] const Document& at(const Place& p) const { return (*documents_)[static_cast<std::size_t>(p.document)]; }
  [[nodiscard]] Place place(std::size_t i) const {
    require(i < size(), "data", "there is no window ", i, " (there are ", size(), ")");
    const std::size_t w = chosen_ ? (*chosen_)[i] : i;
    const auto next = std::upper_bound(first_->begin(), first_->end(), w);  // the first document that begins after w
    const std::ptrdiff_t d = next - first_->begin() - 1;
    const auto begin = static_cast<std::int64_t>(w - (*first_)[static_cast<std::size_t>(d)]) * context_;
    const std::int64_t left = (*documents_)[static_cast<std::size_t>(d)].tokens() - begin;
    return {static_cast<std::int32_t>(d), static_cast<int>(std::min<std::int64_t>(left, context_)), begin};
  }
  void choose(std::vector<std::size_t> windows) {
    chosen_ = std::make_shared<const std::vector<std::size_t>>(std::move(windows));
    tokens_ = 0;
    for (std::size_t i = 0; i < chosen_->size(); ++i) tokens_ += length(i);
  }

  std::shared_ptr<const std::vector<Document>> documents_;
  std::shared_ptr<const std::vector<std::size_t>> first_;   // (documents + 1) number of each one's first window
  std::shared_ptr<const std::vector<std::size_t>> chosen_;  // the windows of a subset; none: all
  std::shared_ptr<const std::vector<std::uint16_t>> text_bytes_;
  int context_;
  Token vocab_;
  std::int64_t tokens_ = 0;
};

}  // namespace ordo
