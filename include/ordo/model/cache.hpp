#pragma once
// Keys and values of slots that are final, so that sampling computes each of them once.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/placed_batch.hpp>

namespace ordo {

/// The key-value cache of several sequences ("lanes"), each of up to `capacity` slots. A step appends new slots
/// behind the kept ones; `keep` says how many of them stay.
template <class B, class Rule>
class Cache {
 public:
  using A = ActivationOf<B>;

  Cache(const Network<B>& network, std::size_t lanes, std::int64_t capacity)
      : width_(network.config().width), capacity_(capacity), kept_(lanes, 0) {
    const auto numbers = lanes * static_cast<std::size_t>(capacity * width_);
    for (int l = 0; l < network.config().layers; ++l) {
      keys_.push_back(allocate<A>(network.backend(), numbers));
      values_.push_back(allocate<A>(network.backend(), numbers));
    }
  }

  /// How many slots of this lane are final.
  [[nodiscard]] std::int32_t kept(std::size_t lane) const { return kept_[lane]; }
  /// The first `count` slots of the lane's last step are final.
  void keep(std::size_t lane, std::int32_t count) { kept_[lane] += count; }
  /// Which lane each sequence of the next batch belongs to.
  void set_lanes(std::vector<std::size_t> lanes) { lanes_ = std::move(lanes); }

  /// Says where this batch's keys and values will lie, behind the kept ones.
  void place(const B& b, const Batch<Rule>& batch) {
    rows_.clear();
    every_ = batch.every().sequences;
    predicting_ = batch.predicting().sequences;
    most_keys_ = 0;
    for (std::size_t i = 0; i < every_.size(); ++i) {
      const std::int32_t kept = kept_[lanes_[i]];
      const std::int32_t fresh = every_[i].keys;
      const std::int32_t keys = kept + fresh;
      const auto first = static_cast<std::int32_t>(static_cast<std::int64_t>(lanes_[i]) * capacity_);
      require(keys <= capacity_, "cache", "a sequence has at most ", capacity_, " slots (got ", keys, ")");
      for (std::int32_t j = 0; j < fresh; ++j) rows_.push_back(first + kept + j);
      for (auto* sequence : {&every_[i], &predicting_[i]}) {
        sequence->key_begin = first;
        sequence->keys = keys;
      }
      most_keys_ = std::max(most_keys_, keys);
    }
    if constexpr (!B::on_host) {  // a device's grid is made for these: the same one for many steps
      constexpr std::uint32_t least = 64;
      const std::int64_t rounded = std::bit_ceil(std::max(least, static_cast<std::uint32_t>(most_keys_)));
      most_keys_ = static_cast<std::int32_t>(std::min(capacity_, rounded));
    }
    using Sequence = AttentionSequence<Rule>;
    placer_.begin(
        b, placer_.template bytes<std::int32_t>(rows_.size()) + 2 * placer_.template bytes<Sequence>(every_.size()));
    placed_rows_ = placer_.add(rows_);
    placed_every_ = placer_.add(every_);
    placed_predicting_ = placer_.add(predicting_);
    placer_.finish(b);
  }

  /// What is the same for batches of one shape: where the lists lie that `place` made, and the most keys of a sequence,
  /// on a device rounded up to a power of two within the capacity.
  [[nodiscard]] const void* lists() const { return placed_rows_.data(); }
  [[nodiscard]] std::int32_t most_keys() const { return most_keys_; }

  /// The kept keys and values of layer l, and where the batch's own go (see forward).
  KeysAndValues<A, Rule> at(std::size_t l, const QueryRows<Rule, PlacedList>&, bool few, Matrix<A>, Matrix<A>) {
    const auto rows = static_cast<std::int64_t>(kept_.size()) * capacity_;
    return {{keys_[l].data(), rows, width_},
            {values_[l].data(), rows, width_},
            placed_rows_,
            few ? placed_predicting_ : placed_every_,
            most_keys_};
  }

 private:
  std::int64_t width_;
  std::int64_t capacity_;
  std::vector<std::int32_t> kept_;
  std::vector<std::size_t> lanes_;
  std::vector<std::int32_t> rows_;                   // (S) where the batch's slots go
  std::vector<AttentionSequence<Rule>> every_;       // (B)
  std::vector<AttentionSequence<Rule>> predicting_;  // (B)
  PlacedList<std::int32_t> placed_rows_;
  PlacedList<AttentionSequence<Rule>> placed_every_;
  PlacedList<AttentionSequence<Rule>> placed_predicting_;
  std::int32_t most_keys_ = 0;
  Placer<B> placer_;
  std::vector<typename B::template Buffer<A>> keys_;    // per layer (lanes * capacity, C)
  std::vector<typename B::template Buffer<A>> values_;  // per layer (lanes * capacity, C)
};

}  // namespace ordo
