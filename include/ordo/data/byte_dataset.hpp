#pragma once
// Bytes as tokens: any file is data, and text needs no tokenizer.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <ordo/data/dataset.hpp>

namespace ordo {

/// Vocabulary 256. Files are mapped, so they may be larger than memory. Any bytes will do; a program that wants
/// text asks check_text (data/utf8.hpp) first.
class ByteDataset : public Dataset {
 public:
  [[nodiscard]] static ByteDataset from_file(const std::filesystem::path& path, const DataOptions& options = {}) {
    return from_files({path}, options);
  }
  /// Each file is a document. Throws an Error that names a file that is missing, unreadable or too short.
  [[nodiscard]] static ByteDataset from_files(const std::vector<std::filesystem::path>& paths,
                                              const DataOptions& options = {}) {
    return ByteDataset(map_files(paths, TokenStorage::uint8), options);
  }
  [[nodiscard]] static ByteDataset from_text(std::string text, const DataOptions& options = {}) {
    check_length("the text", static_cast<std::int64_t>(text.size()));
    return ByteDataset({Document::from_text("the text", std::move(text))}, options);
  }

 private:
  ByteDataset(const std::vector<Document>& documents, const DataOptions& options)
      : Dataset(TextCodec::bytes(), parts(documents, options), options.context, {1}) {}
  static Split parts(const std::vector<Document>& documents, const DataOptions& options) {
    check_any(documents.size());
    return split_by(options, documents, map_files(options.validation_files, TokenStorage::uint8));
  }
};

}  // namespace ordo
