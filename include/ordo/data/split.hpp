#pragma once
// Which tokens are for training and which are held out: two parts that share none.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/data/document.hpp>

namespace ordo {

/// Training is everything before this place, validation everything from it on.
struct Cut {
  std::size_t document = 0;
  std::int64_t token = 0;  ///< within that document; not 0 only if it is the only one
};

/// Holds out the share `validation` of documents with these lengths [tokens]. One document: its last tokens.
/// Several: whole documents, from the last on, until they make up the share; at least one. Throws an Error if a
/// part would be empty.
[[nodiscard]] inline Cut cut_at(std::span<const std::int64_t> lengths, double validation) {
  require(validation >= 0 && validation < 1, "data", "validation must be in [0, 1) (got ", validation, ")");
  if (validation == 0) return {lengths.size(), 0};
  std::int64_t tokens = 0;
  for (const std::int64_t n : lengths) tokens += n;
  const double wanted = validation * static_cast<double>(tokens);
  if (lengths.size() == 1) {
    const auto held_out = static_cast<std::int64_t>(std::llround(wanted));
    require(held_out > 0 && held_out < tokens, "data", "validation ", validation, " of ", tokens,
            " tokens leaves one part without any");
    return {0, tokens - held_out};
  }
  std::size_t first = lengths.size();
  std::int64_t held_out = 0;
  while (first > 0 && (held_out == 0 || static_cast<double>(held_out) < wanted)) held_out += lengths[--first];
  require(first > 0, "data", "validation ", validation, " of ", lengths.size(),
          " documents leaves none for training (documents are held out whole)");
  return {first, 0};
}

/// The two parts of a data set.
struct Split {
  std::vector<Document> train;
  std::vector<Document> validation;
};

[[nodiscard]] inline Split split(const std::vector<Document>& documents, Cut cut) {
  Split parts;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    if (d == cut.document && cut.token > 0) {
      parts.train.push_back(documents[d].slice(0, cut.token));
      parts.validation.push_back(documents[d].slice(cut.token, documents[d].tokens() - cut.token));
    } else {
      (d < cut.document ? parts.train : parts.validation).push_back(documents[d]);
    }
  }
  return parts;
}

}  // namespace ordo
