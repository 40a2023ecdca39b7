#pragma once
// A document: a row of tokens, in a mapped file or in memory, that windows are cut from.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/mapped_file.hpp>

namespace ordo {

/// How a document stores one token: as an unsigned little-endian integer of this many bytes.
enum class TokenStorage : std::uint8_t { uint8 = 1, uint16 = 2, uint32 = 4 };

/// A cheap handle: copies and slices share the memory. Files are mapped, never read as a whole.
class Document {
 public:
  /// Throws an Error if the file cannot be mapped, is empty, or ends inside a token.
  [[nodiscard]] static Document from_file(const std::filesystem::path& path, TokenStorage storage) {
    auto file = std::make_shared<const MappedFile>(path);
    const std::size_t width = static_cast<std::size_t>(storage);
    require(file->size() % width == 0, "data", file->path(), " has ", file->size(),
            " bytes, which is no multiple of the ", width, " bytes of a token");
    const std::byte* start = file->bytes().data();
    const auto tokens = static_cast<std::int64_t>(file->size() / width);
    std::string name = file->path();
    return {std::move(name), std::move(file), start, storage, tokens};
  }
  /// One token for each byte.
  [[nodiscard]] static Document from_text(std::string name, std::string text) {
    const auto owner = std::make_shared<const std::string>(std::move(text));
    const auto* start = reinterpret_cast<const std::byte*>(owner->data());
    return {std::move(name), owner, start, TokenStorage::uint8, static_cast<std::int64_t>(owner->size())};
  }
  /// `tokens` must not be negative; the first that is gets named.
  [[nodiscard]] static Document from_tokens(std::string name, std::vector<Token> tokens) {
    const auto bad = std::find_if(tokens.begin(), tokens.end(), [](Token t) { return t < 0; });
    if (bad != tokens.end()) {
      fail("data", "token ids must not be negative (got ", *bad, " at token ", bad - tokens.begin(), " of ", name, ")");
    }
    const auto owner = std::make_shared<const std::vector<Token>>(std::move(tokens));
    const auto* start = reinterpret_cast<const std::byte*>(owner->data());
    return {std::move(name), owner, start, TokenStorage::uint32, static_cast<std::int64_t>(owner->size())};
  }

  [[nodiscard]] const std::string& name() const { return *name_; }
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }
  [[nodiscard]] TokenStorage storage() const { return storage_; }

  /// Tokens begin .. begin + count - 1 of this document as a document; messages still count from the whole's start.
  [[nodiscard]] Document slice(std::int64_t begin, std::int64_t count) const {
    check(begin, count);
    Document part = *this;
    part.start_ += begin * width();
    part.first_ += begin;
    part.tokens_ = count;
    return part;
  }
  /// Writes tokens begin .. begin + count - 1. Throws an Error that names an id of `vocab` or more, and its place.
  void copy(std::int64_t begin, std::int64_t count, Token vocab, Token* out) const {
    check(begin, count);
    switch (storage_) {
      case TokenStorage::uint8: return copy_as<std::uint8_t>(begin, count, vocab, out);
      case TokenStorage::uint16: return copy_as<std::uint16_t>(begin, count, vocab, out);
      case TokenStorage::uint32: return copy_as<std::uint32_t>(begin, count, vocab, out);
    }
  }
  /// Those tokens as they are stored.
  [[nodiscard]] std::span<const std::byte> raw(std::int64_t begin, std::int64_t count) const {
    check(begin, count);
    return {start_ + begin * width(), static_cast<std::size_t>(count * width())};
  }

 private:
  static_assert(std::endian::native == std::endian::little, "[ordo] token files are mapped as little endian");

  Document(std::string name, std::shared_ptr<const void> owner, const std::byte* start, TokenStorage storage,
           std::int64_t tokens)
      : name_(std::make_shared<const std::string>(std::move(name))),
        owner_(std::move(owner)),
        start_(start),
        tokens_(tokens),
        storage_(storage) {}

  [[nodiscard]] std::int64_t width() const { return static_cast<std::int64_t>(storage_); }
  void check(std::int64_t begin, std::int64_t count) const {
    require(begin >= 0 && count >= 0 && begin <= tokens_ && count <= tokens_ - begin, "data", "tokens ", begin,
            " and the ", count, " from there are not all in ", *name_, ", which has ", tokens_);
  }
  template <class Stored>
  void copy_as(std::int64_t begin, std::int64_t count, Token vocab, Token* out) const {
    const std::byte* from = start_ + begin * width();
    const auto limit = static_cast<std::uint32_t>(vocab);
    for (std::int64_t i = 0; i < count; ++i) {
      Stored id = 0;
      std::memcpy(&id, from + i * width(), sizeof(Stored));
      if (id >= limit) {
        fail("data", "token id ", static_cast<std::uint32_t>(id), " at token ", first_ + begin + i, " of ", *name_,
             " is outside the vocabulary of ", vocab);
      }
      out[i] = static_cast<Token>(id);
    }
  }

  std::shared_ptr<const std::string> name_;
  std::shared_ptr<const void> owner_;
  const std::byte* start_;
  std::int64_t first_ = 0;  // where start_ is in the whole document [tokens]
  std::int64_t tokens_;
  TokenStorage storage_;
};

}  // namespace ordo
