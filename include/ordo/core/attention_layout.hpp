#pragma once
// Which rows of q, k and v belong together in one attention call, and under which rule.

#include <cstdint>
#include <span>

namespace ordo {

/// One sequence's part. Its queries are rows query_begin .. query_begin + queries - 1 of q, its keys rows
/// key_begin .. key_begin + keys - 1 of k and v: key row key_begin + j is slot j of the sequence.
template <class Rule>
struct AttentionSequence {
  std::int32_t query_begin = 0;
  std::int32_t queries = 0;
  std::int32_t key_begin = 0;
  std::int32_t keys = 0;
  std::uint64_t sample = 0;  ///< n of the sequence: keys dropout
  Rule rule{};
};

/// A packed batch. `query_slot[r]` is the slot, within its sequence, of query row r; it rises within a sequence.
/// (In the last layer only predicting slots ask; while sampling, only the new ones.)
template <class Rule>
struct AttentionLayout {
  int head_size = 0;  ///< D; H = q.cols / D
  std::span<const AttentionSequence<Rule>> sequences;
  std::span<const std::int32_t> query_slot;  // (Q)
  /// The most queries and keys that a sequence has; 0: not said. A GPU's grid is made for these, unless it must allow
  /// for one sequence with all rows.
  std::int32_t most_queries = 0;
  std::int32_t most_keys = 0;
  /// Which of the rules that a Rule may be some sequence has: a bit for each, in the order of for_each_alternative.
  std::uint32_t rules = ~std::uint32_t{0};
  bool whole = false;  ///< every row of q, k and v belongs to a sequence
};

/// Where each row of a packed matrix comes from: keys dropout on the branches.
struct RowPlaces {
  std::span<const std::uint64_t> sample;  // (rows) n of the row's sequence
  std::span<const std::int32_t> slot;     // (rows) slot within the sequence
};

}  // namespace ordo
