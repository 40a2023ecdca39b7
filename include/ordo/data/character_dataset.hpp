#pragma once
// Characters as tokens: UTF-8 text, one token for each Unicode code point.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/data/dataset.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/data/utf8.hpp>

namespace ordo {

/// The vocabulary is the sorted code points of the training text, or one that is given (to go on with a stored
/// model). The tokens are held in memory, four bytes each.
class CharacterDataset : public Dataset {
 public:
  [[nodiscard]] static CharacterDataset from_file(const std::filesystem::path& path, const DataOptions& options = {},
                                                  std::vector<CodePoint> vocabulary = {}) {
    return from_files({path}, options, std::move(vocabulary));
  }
  /// Each file is a document. Throws an Error that names the file and the byte of invalid UTF-8, or the file, the
  /// character and its place where the vocabulary lacks it.
  [[nodiscard]] static CharacterDataset from_files(const std::vector<std::filesystem::path>& paths,
                                                   const DataOptions& options = {},
                                                   std::vector<CodePoint> vocabulary = {}) {
    return CharacterDataset(read(paths), options, std::move(vocabulary));
  }
  [[nodiscard]] static CharacterDataset from_text(std::string_view text, const DataOptions& options = {},
                                                  std::vector<CodePoint> vocabulary = {}) {
    std::vector<Characters> documents;
    documents.push_back(characters("the text", text));
    return CharacterDataset(std::move(documents), options, std::move(vocabulary));
  }

 private:
  struct Characters {
    std::string name;
    std::vector<Token> code_points;  // later replaced by ids, in place
  };
  struct Made {
    TextCodec codec;
    Split parts;
    std::vector<std::uint16_t> text_bytes;
  };

  CharacterDataset(std::vector<Characters> documents, const DataOptions& options, std::vector<CodePoint> vocabulary)
      : CharacterDataset(make(std::move(documents), options, std::move(vocabulary)), options.context) {}
  CharacterDataset(const Made& made, int context) : Dataset(made.codec, made.parts, context, made.text_bytes) {}

  static Made make(std::vector<Characters> documents, const DataOptions& options, std::vector<CodePoint> vocabulary) {
    check_any(documents.size());
    check(options);
    std::vector<std::int64_t> lengths;
    for (const Characters& d : documents) lengths.push_back(static_cast<std::int64_t>(d.code_points.size()));
    const Cut cut = cut_at(lengths, options.validation);
    if (vocabulary.empty()) vocabulary = code_points_before(cut, documents);
    Made made{TextCodec::characters(std::move(vocabulary)), {}, {}};
    for (const CodePoint c : made.codec.code_points()) {
      made.text_bytes.push_back(static_cast<std::uint16_t>(utf8_bytes(c)));
    }
    made.parts = split(tokens(std::move(documents), made.codec), cut);
    for (Document& d : tokens(read(options.validation_files), made.codec)) {
      made.parts.validation.push_back(std::move(d));
    }
    return made;
  }

  static Characters characters(const std::string& name, std::string_view text) {
    Characters document{name, {}};
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint c = next_code_point(text, at);
      require(c != not_utf8, "data", name, " has invalid UTF-8 at byte ", at, " (is it text? try bytes)");
      document.code_points.push_back(static_cast<Token>(c));
    }
    check_length(name, static_cast<std::int64_t>(document.code_points.size()));
    return document;
  }
  static std::vector<Characters> read(const std::vector<std::filesystem::path>& paths) {
    std::vector<Characters> documents;
    for (const std::filesystem::path& path : paths) {
      const MappedFile file(path);
      documents.push_back(characters(file.path(), file.text()));
    }
    return documents;
  }
  static std::vector<CodePoint> code_points_before(Cut cut, const std::vector<Characters>& documents) {
    std::vector<bool> seen;  // by code point, up to the largest
    for (std::size_t d = 0; d < documents.size() && d <= cut.document; ++d) {
      const std::vector<Token>& all = documents[d].code_points;
      const std::size_t count = d < cut.document ? all.size() : static_cast<std::size_t>(cut.token);
      for (std::size_t i = 0; i < count; ++i) {
        const auto c = static_cast<std::size_t>(all[i]);
        if (c >= seen.size()) seen.resize(c + 1);
        seen[c] = true;
      }
    }
    std::vector<CodePoint> sorted;
    for (CodePoint c = 0; c < seen.size(); ++c) {
      if (seen[c]) sorted.push_back(c);
    }
    return sorted;
  }
  static std::vector<Document> tokens(std::vector<Characters> documents, const TextCodec& codec) {
    std::vector<Document> made;
    for (Characters& d : documents) {
      for (std::size_t i = 0; i < d.code_points.size(); ++i) {
        const auto c = static_cast<CodePoint>(d.code_points[i]);
        const Token id = codec.find(c);
        if (id == absent) {
          fail("data", "the character ", code_point_name(c), " at character ", i, " of ", d.name,
               " is not in the vocabulary of ", codec.vocab(), " (train on text that has it, or use bytes)");
        }
        d.code_points[i] = id;
      }
      made.push_back(Document::from_tokens(d.name, std::move(d.code_points)));
    }
    return made;
  }
};

}  // namespace ordo
