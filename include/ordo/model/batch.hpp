#pragma once
// Plans of several sequences, packed one after the other: the network's input. Nothing is padded.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ordo/core/attention_layout.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// The rows that ask in a layer: all slots, or in the last layer only those that predict.
template <class Rule>
struct QueryRows {
  std::vector<AttentionSequence<Rule>> sequences;  // (B)
  std::vector<std::int32_t> row;                   // (Q) row of the packed batch
  std::vector<std::int32_t> slot;                  // (Q) slot within the sequence
  std::vector<std::int32_t> position;              // (Q) rotates half of the heads' queries
  std::vector<std::int32_t> told_position;         // (Q) rotates the others': the target's, or the same
  std::vector<std::uint64_t> sample;               // (Q) n of the sequence

  void clear() {
    sequences.clear();
    row.clear();
    slot.clear();
    position.clear();
    told_position.clear();
    sample.clear();
  }
};

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
    every_.sequences.push_back(sequence);
    sequence.query_begin = first_predicting;
    sequence.queries = static_cast<std::int32_t>(predicting_.row.size()) - first_predicting;
    predicting_.sequences.push_back(sequence);
    tokens_ += static_cast<std::int64_t>(tokens.size());
  }
  void clear() {
    token_.clear();
    position_.clear();
    every_.clear();
    predicting_.clear();
    target_.clear();
    weight_.clear();
    tokens_ = 0;
  }

  [[nodiscard]] std::int64_t slots() const { return static_cast<std::int64_t>(token_.size()); }                // S
  [[nodiscard]] std::int64_t predictions() const { return static_cast<std::int64_t>(target_.size()); }         // P
  [[nodiscard]] std::int64_t sequences() const { return static_cast<std::int64_t>(every_.sequences.size()); }  // B
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }                       // sum of the sequences' lengths
  [[nodiscard]] std::span<const std::int32_t> token() const { return token_; }        // (S) row of the table shown
  [[nodiscard]] std::span<const std::int32_t> position() const { return position_; }  // (S)
  [[nodiscard]] const QueryRows<Rule>& every() const { return every_; }               // Q = S
  [[nodiscard]] const QueryRows<Rule>& predicting() const { return predicting_; }     // Q = P
  [[nodiscard]] std::span<const Token> target() const { return target_; }             // (P)
  [[nodiscard]] std::span<const float> weight() const { return weight_; }             // (P)

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

  std::vector<std::int32_t> token_;
  std::vector<std::int32_t> position_;
  QueryRows<Rule> every_;
  QueryRows<Rule> predicting_;
  std::vector<Token> target_;
  std::vector<float> weight_;
  std::int64_t tokens_ = 0;
};

}  // namespace ordo
