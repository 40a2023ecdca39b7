#pragma once
// Tokens from elsewhere: raw little-endian files of uint16 or uint32, or ids that the program holds.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <ordo/data/dataset.hpp>

namespace ordo {

/// How many bytes a file has for each token.
enum class TokenFile : std::uint8_t { by_extension, uint16, uint32 };  // .u16 and .bin: uint16; .u32: uint32

/// Files are mapped, and each id is checked against `vocab` when its window is copied.
class TokenDataset : public Dataset {
 public:
  [[nodiscard]] static TokenDataset from_file(const std::filesystem::path& path, Token vocab,
                                              const DataOptions& options = {},
                                              TokenFile format = TokenFile::by_extension) {
    return from_files({path}, vocab, options, format);
  }
  /// Each file is a document; all are of one format. Throws an Error that names the file and what is wrong.
  [[nodiscard]] static TokenDataset from_files(const std::vector<std::filesystem::path>& paths, Token vocab,
                                               const DataOptions& options = {},
                                               TokenFile format = TokenFile::by_extension) {
    check_any(paths.size());
    const TokenStorage storage = storage_of(paths.front(), format);
    for (const auto* list : {&paths, &options.validation_files}) {
      for (const std::filesystem::path& path : *list) {
        require(storage_of(path, format) == storage, "data", path.string(), " has tokens of another size than ",
                paths.front().string());
      }
    }
    return TokenDataset(vocab, storage, map_files(paths, storage), map_files(options.validation_files, storage),
                        options);
  }
  /// One document in memory. `options.validation_files` does not apply.
  [[nodiscard]] static TokenDataset from_tokens(std::vector<Token> tokens, Token vocab,
                                                const DataOptions& options = {}) {
    std::vector<std::vector<Token>> documents;
    documents.push_back(std::move(tokens));
    return from_documents(std::move(documents), vocab, options);
  }
  /// Several documents in memory; every id is checked at once.
  [[nodiscard]] static TokenDataset from_documents(std::vector<std::vector<Token>> documents, Token vocab,
                                                   const DataOptions& options = {}) {
    check_any(documents.size());
    require(options.validation_files.empty(), "data", "tokens in memory have no validation files (got ",
            options.validation_files.size(), ")");
    std::vector<Document> made;
    for (std::size_t d = 0; d < documents.size(); ++d) {
      const std::string name = "document " + std::to_string(d);
      check_length(name, static_cast<std::int64_t>(documents[d].size()));
      for (std::size_t i = 0; i < documents[d].size(); ++i) {
        const Token id = documents[d][i];
        require(id >= 0 && id < vocab, "data", "token id ", id, " at token ", i, " of ", name,
                " is outside the vocabulary of ", vocab);
      }
      made.push_back(Document::from_tokens(name, std::move(documents[d])));
    }
    const bool small = vocab <= std::numeric_limits<std::uint16_t>::max() + 1;
    return TokenDataset(vocab, small ? TokenStorage::uint16 : TokenStorage::uint32, made, {}, options);
  }

 private:
  TokenDataset(Token vocab, TokenStorage storage, const std::vector<Document>& documents,
               const std::vector<Document>& held_out, const DataOptions& options)
      : Dataset(TextCodec::ids(storage == TokenStorage::uint16 ? "uint16" : "uint32", vocab),
                split_by(options, documents, held_out), options.context, {}) {}

  static TokenStorage storage_of(const std::filesystem::path& path, TokenFile format) {
    if (format == TokenFile::uint16) return TokenStorage::uint16;
    if (format == TokenFile::uint32) return TokenStorage::uint32;
    const std::string extension = path.extension().string();
    if (extension == ".u16" || extension == ".bin") return TokenStorage::uint16;
    if (extension == ".u32") return TokenStorage::uint32;
    fail("data", "cannot tell the size of a token from the name ", path.string(),
         " (name it .u16, .bin or .u32, or give the format)");
  }
};

}  // namespace ordo
