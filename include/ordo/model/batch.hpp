#pragma once
// Plans of several sequences, packed one after the other: the network's input. Nothing is padded.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ordo/concepts/rule.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

template <class T>
using PackedList = std::vector<T>;

/// The rows that ask in a layer: all slots, or in the last layer only those that predict. The lists are vectors while a
/// batch is packed, and views where a backend reads it (see PlacedBatch).
template <class Rule, template <class> class List = PackedList>
struct QueryRows {
  List<AttentionSequence<Rule>> sequences;  // (B)
  List<std::int32_t> row;                   // (Q) row of the packed batch
  List<std::int32_t> slot;                  // (Q) slot within the sequence
  List<std::int32_t> position;              // (Q) rotates half of the heads' queries
  List<std::int32_t> told_position;         // (Q) rotates the others': the target's, or the same
  List<std::uint64_t> sample;               // (Q) n of the sequence
  std::int32_t most_queries = 0;            // of one sequence
  std::int32_t most_keys = 0;
  std::uint32_t rules = 0;  // which alternatives of Rule there are (see AttentionLayout)

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(row.size()); }  // Q
};

/// Calls f with each list of `a` and the same one of `b`.
template <class A, class B, class F>
void for_each_list(const A& a, B& b, const F& f) {
  f(a.sequences, b.sequences);
  f(a.row, b.row);
  f(a.slot, b.slot);
  f(a.position, b.position);
  f(a.told_position, b.told_position);
  f(a.sample, b.sample);
}

/// S slots of B sequences; P of them predict.
template <class Rule>
class Batch {
 public:
  /// Appends one sequence: its plan's slots, the rule over them, its tokens and its sample number. `kept` slots
  /// of the sequence come before these and are in the network's cache (sampling only). Throws where a slot
  /// shows or predicts a token that the sequence or the vocabulary does not have.
  void add(std::span<const Slot> slots, const Rule& rule, std::span<const Token> tokens, const ModelConfig& config,
           std::uint64_t sample, std::int32_t kept = 0) {
    const auto first = static_cast<std::int32_t>(token_.size());
    const auto first_predicting = static_cast<std::int32_t>(predicting_.row.size());
    const auto count = static_cast<std::int32_t>(slots.size());
    for (std::int32_t s = 0; s < count; ++s) {
      const Slot& slot = slots[static_cast<std::size_t>(s)];
      require(slot.position >= 0 && slot.position <= config.context && slot.target_position <= config.context, "batch",
              "a position must be at most the context ", config.context, " (got ", slot.position, ")");
      token_.push_back(shown_row(slot, tokens, config));
      position_.push_back(slot.position);
      push(every_, first + s, kept + s, slot, sample);
      if (!slot.predicts()) continue;
      push(predicting_, first + s, kept + s, slot, sample);
      target_.push_back(token_at(slot.target, tokens, config));
      weight_.push_back(slot.weight);
    }
    AttentionSequence<Rule> sequence{first, count, first, count, sample, rule};
    push(every_, sequence);
    sequence.query_begin = first_predicting;
    sequence.queries = static_cast<std::int32_t>(predicting_.row.size()) - first_predicting;
    push(predicting_, sequence);
    tokens_ += static_cast<std::int64_t>(tokens.size());
  }
  /// Lets some of the slots that predict nothing, the last ones, predict token 0 with weight 0, so that `count` slots
  /// predict or all do. No loss changes; a backend that queues the same work again for the same numbers of slots meets
  /// fewer different numbers.
  void predict_at_least(std::int64_t count) {
    std::int64_t missing = std::min(count, slots()) - predictions();
    if (missing <= 0) return;
    std::vector<char> predicts(token_.size(), 0);
    for (const std::int32_t row : predicting_.row) predicts[static_cast<std::size_t>(row)] = 1;
    for (std::size_t r = predicts.size(); r-- > 0 && missing > 0;) {
      if (predicts[r] != 0) continue;
      predicts[r] = 2;
      --missing;
    }
    const QueryRows<Rule> before = std::exchange(predicting_, {});
    const std::vector<Token> targets = std::exchange(target_, {});
    const std::vector<float> weights = std::exchange(weight_, {});
    std::size_t next = 0;  // of the slots that predict anyhow
    for (AttentionSequence<Rule> sequence : every_.sequences) {
      const std::int32_t first = sequence.query_begin;
      sequence.query_begin = static_cast<std::int32_t>(predicting_.row.size());
      for (std::int32_t r = first; r < first + sequence.queries; ++r) {
        const auto at = static_cast<std::size_t>(r);
        if (predicts[at] == 0) continue;
        const bool anyhow = predicts[at] == 1;
        const QueryRows<Rule>& from = anyhow ? before : every_;
        const std::size_t there = anyhow ? next++ : at;
        predicting_.row.push_back(from.row[there]);
        predicting_.slot.push_back(from.slot[there]);
        predicting_.position.push_back(from.position[there]);
        predicting_.told_position.push_back(from.told_position[there]);
        predicting_.sample.push_back(from.sample[there]);
        target_.push_back(anyhow ? targets[there] : Token{0});
        weight_.push_back(anyhow ? weights[there] : 0.0F);
      }
      sequence.queries = static_cast<std::int32_t>(predicting_.row.size()) - sequence.query_begin;
      push(predicting_, sequence);
    }
  }
  void clear() {
    token_.clear();
    position_.clear();
    clear(every_);
    clear(predicting_);
    target_.clear();
    weight_.clear();
    tokens_ = 0;
  }

  [[nodiscard]] std::int64_t slots() const { return static_cast<std::int64_t>(token_.size()); }                // S
  [[nodiscard]] std::int64_t predictions() const { return static_cast<std::int64_t>(target_.size()); }         // P
  [[nodiscard]] std::int64_t sequences() const { return static_cast<std::int64_t>(every_.sequences.size()); }  // B
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }                    // sum of the sequences' lengths
  [[nodiscard]] const std::vector<std::int32_t>& token() const { return token_; }  // (S) row of the table shown
  [[nodiscard]] const std::vector<std::int32_t>& position() const { return position_; }  // (S)
  [[nodiscard]] const QueryRows<Rule>& every() const { return every_; }                  // Q = S
  [[nodiscard]] const QueryRows<Rule>& predicting() const { return predicting_; }        // Q = P
  [[nodiscard]] const std::vector<Token>& target() const { return target_; }             // (P)
  [[nodiscard]] const std::vector<float>& weight() const { return weight_; }             // (P)

 private:
  static Token token_at(std::int32_t index, std::span<const Token> tokens, const ModelConfig& config) {
    require(index >= 0 && static_cast<std::size_t>(index) < tokens.size(), "batch", "a slot asks for token ", index,
            " of a sequence of ", tokens.size());
    const Token token = tokens[static_cast<std::size_t>(index)];
    require(token >= 0 && token < config.vocab, "batch", "token ids must be in 0 .. ", config.vocab - 1, " (got ",
            token, ")");
    return token;
  }
  static std::int32_t shown_row(const Slot& slot, std::span<const Token> tokens, const ModelConfig& config) {
    switch (slot.shows) {
      case Shows::token: return token_at(slot.index, tokens, config);
      case Shows::mask: return config.mask_token();
      case Shows::start: return config.start_token();
      case Shows::replacement: break;
    }
    require(slot.index >= 0 && slot.index < config.vocab, "batch", "a replacement must be in 0 .. ", config.vocab - 1,
            " (got ", slot.index, ")");
    return slot.index;
  }
  static void push(QueryRows<Rule>& rows, std::int32_t row, std::int32_t slot_number, const Slot& slot,
                   std::uint64_t sample) {
    rows.row.push_back(row);
    rows.slot.push_back(slot_number);
    rows.position.push_back(slot.position);
    rows.told_position.push_back(slot.target_position == absent ? slot.position : slot.target_position);
    rows.sample.push_back(sample);
  }
  static void push(QueryRows<Rule>& rows, const AttentionSequence<Rule>& sequence) {
    rows.sequences.push_back(sequence);
    rows.most_queries = std::max(rows.most_queries, sequence.queries);
    rows.most_keys = std::max(rows.most_keys, sequence.keys);
    rows.rules |= alternative_bit(sequence.rule);
  }
  /// The lists keep their memory.
  static void clear(QueryRows<Rule>& rows) {
    for_each_list(rows, rows, [](const auto&, auto& list) { list.clear(); });
    rows.most_queries = 0;
    rows.most_keys = 0;
    rows.rules = 0;
  }

  std::vector<std::int32_t> token_;
  std::vector<std::int32_t> position_;
  QueryRows<Rule> every_;
  QueryRows<Rule> predicting_;
  std::vector<Token> target_;
  std::vector<float> weight_;
  std::int64_t tokens_ = 0;
};

}  // namespace ordo
