#pragma once
// The flags of programs that read text, and the data set that they describe.

#include <charconv>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <ordo/core/error.hpp>
#include <ordo/data/byte_dataset.hpp>
#include <ordo/data/character_dataset.hpp>
#include <ordo/data/glob.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/data/utf8.hpp>

namespace program {

/// --data, --validation, --vocabulary, --vocab, --binary.
struct TextFlags {
  std::vector<std::string> data;
  std::string validation;
  std::string vocabulary = "bytes";
  int vocab = 0;
  bool binary = false;

  /// Gives the option --data.
  CLI::Option* add_to(CLI::App& app, bool chooses_vocabulary, bool data_required = true) {
    auto* option =
        app.add_option("--data", data, "text files, or patterns such as 'books/*.txt'; each file is a document");
    option->multi_option_policy(CLI::MultiOptionPolicy::Throw);  // all of them
    option->required(data_required);
    app.add_flag("--binary", binary, "allow bytes that are not UTF-8 text");
    if (!chooses_vocabulary) return option;
    app.add_option("--vocabulary", vocabulary,
                   "how files become tokens: bytes, characters (UTF-8), uint16 or uint32 (raw little-endian ids)")
        ->check(CLI::IsMember({"bytes", "characters", "uint16", "uint32"}))
        ->capture_default_str();
    app.add_option("--vocab", vocab, "number of token ids [tokens], for uint16 and uint32 files");
    return option;
  }
  void add_validation_to(CLI::App& app) {
    app.add_option("--validation", validation,
                   "a file to validate on, or the share of the data to hold out, between 0 and 1 [fraction]");
  }

  /// The files that the flags name, checked to be text unless told otherwise.
  [[nodiscard]] std::vector<std::filesystem::path> files(const std::vector<std::string>& patterns, bool as_text) const {
    std::vector<std::filesystem::path> found;
    for (const std::string& pattern : patterns) {
      for (const std::filesystem::path& path : ordo::expand(pattern)) found.push_back(path);
    }
    if (as_text && !binary) {
      for (const std::filesystem::path& path : found) ordo::check_text(path);
    }
    return found;
  }

  [[nodiscard]] ordo::Dataset load(int context) const {
    const bool ids = vocabulary == "uint16" || vocabulary == "uint32";
    ordo::require(ids || vocab == 0, "data", "--vocab is for uint16 and uint32 files, not for ", vocabulary, " (got ",
                  vocab, ")");
    ordo::DataOptions options{.context = context};
    if (!validation.empty()) {
      double share = 0;
      const auto [end, error] = std::from_chars(validation.data(), validation.data() + validation.size(), share);
      if (error == std::errc() && end == validation.data() + validation.size()) {
        options.validation = share;
      } else {
        options.validation_files = files({validation}, vocabulary == "bytes");
      }
    }
    std::vector<std::filesystem::path> paths = files(data, vocabulary == "bytes");
    // A pattern may cover the validation file; what is validated on is never trained on.
    for (const std::filesystem::path& held_out : options.validation_files) {
      std::erase_if(paths, [&](const auto& path) { return std::filesystem::equivalent(path, held_out); });
    }
    ordo::require(!paths.empty(), "data", "every file of --data is held out by --validation ", validation);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        ordo::require(!std::filesystem::equivalent(paths[i], paths[j]), "data", "--data names the file ",
                      paths[i].string(), " twice");
      }
    }
    if (vocabulary == "characters") return ordo::CharacterDataset::from_files(paths, options);
    if (vocabulary == "bytes") return ordo::ByteDataset::from_files(paths, options);
    ordo::require(vocab > 0, "data", "--vocab must give the number of token ids of ", vocabulary, " files (got ", vocab,
                  ")");
    return ordo::TokenDataset::from_files(paths, vocab, options,
                                          vocabulary == "uint16" ? ordo::TokenFile::uint16 : ordo::TokenFile::uint32);
  }

  /// Windows of the files, encoded as a stored model reads them.
  [[nodiscard]] ordo::Windows windows(const ordo::TextCodec& codec, int context) const {
    const ordo::DataOptions options{.context = context};
    const std::vector<std::filesystem::path> paths = files(data, codec.kind() == "bytes");
    if (codec.kind() == "bytes") return ordo::ByteDataset::from_files(paths, options).train();
    if (codec.kind() == "characters")
      return ordo::CharacterDataset::from_files(paths, options, codec.code_points()).train();
    return ordo::TokenDataset::from_files(paths, codec.vocab(), options,
                                          codec.kind() == "uint16" ? ordo::TokenFile::uint16 : ordo::TokenFile::uint32)
        .train();
  }
};

}  // namespace program
