#pragma once
// What every data set offers: windows to train on, windows to score, and the way between text and tokens.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/codec.hpp>
#include <ordo/data/document.hpp>
#include <ordo/data/split.hpp>
#include <ordo/data/windows.hpp>

namespace ordo {

/// How a data set is cut. Each file is a document.
struct DataOptions {
  int context = 256;      ///< T, the longest window [tokens]
  double validation = 0;  ///< share held out: the end of a single document, else whole documents, the last ones first
  std::vector<std::filesystem::path> validation_files{};  ///< instead: these documents are held out
};

/// A value: ByteDataset, CharacterDataset and TokenDataset add ways to make one, and nothing else. Training and
/// validation windows share no token.
class Dataset {
 public:
  [[nodiscard]] const Windows& train() const { return train_; }
  [[nodiscard]] const Windows& validation() const { return validation_; }  ///< empty if nothing is held out
  [[nodiscard]] const TextCodec& codec() const { return codec_; }
  [[nodiscard]] Token vocab() const { return codec_.vocab(); }
  [[nodiscard]] const std::string& kind() const { return codec_.kind(); }
  [[nodiscard]] std::string decode(std::span<const Token> tokens) const { return codec_.decode(tokens); }
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const { return codec_.encode(text); }

 protected:
  static constexpr std::int64_t fewest_tokens = 2;  // of a document

  Dataset(TextCodec codec, const Split& parts, int context, const std::vector<std::uint16_t>& text_bytes)
      : codec_(std::move(codec)),
        train_(parts.train, context, codec_.vocab(), text_bytes),
        validation_(parts.validation, context, codec_.vocab(), text_bytes) {}

  /// Splits by share, or puts the documents of the validation files beside.
  static Split split_by(const DataOptions& options, const std::vector<Document>& documents,
                        const std::vector<Document>& held_out) {
    check(options);
    std::vector<std::int64_t> lengths;
    for (const Document& d : documents) lengths.push_back(d.tokens());
    Split parts = split(documents, cut_at(lengths, options.validation));
    for (const Document& d : held_out) parts.validation.push_back(d);
    return parts;
  }
  static void check(const DataOptions& options) {
    require(options.context > 0, "data", "context must be positive (got ", options.context, ")");
    require(options.validation == 0 || options.validation_files.empty(), "data",
            "give a share to hold out or validation files, not both (got ", options.validation, " and ",
            options.validation_files.size(), " files)");
  }
  static void check_length(const std::string& name, std::int64_t tokens) {
    require(tokens >= fewest_tokens, "data", name, " is too short: a document needs at least ", fewest_tokens,
            " tokens (got ", tokens, ")");
  }
  static void check_any(std::size_t documents) {
    require(documents > 0, "data", "a data set needs at least one document (got none)");
  }
  /// Maps each file as one document.
  static std::vector<Document> map_files(const std::vector<std::filesystem::path>& paths, TokenStorage storage) {
    std::vector<Document> documents;
    for (const std::filesystem::path& path : paths) {
      documents.push_back(Document::from_file(path, storage));
      check_length(documents.back().name(), documents.back().tokens());
    }
    return documents;
  }

 private:
  TextCodec codec_;
  Windows train_;
  Windows validation_;
};

}  // namespace ordo
