#pragma once
// Keys and values of slots that are final, so that sampling computes each of them once.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>

namespace ordo {

/// The key-value cache of several sequences ("lanes"), each of up to `capacity` slots. A step appends new slots
/// behind the kept ones; `keep` says how many of them stay.
template <class B, class Rule>
class Cache {
 public:
  using R = typename B::Scalar;

  Cache(const ModelConfig& config, std::size_t lanes, std::int64_t capacity)
      : width_(config.width), capacity_(capacity), kept_(lanes, 0) {
    const auto numbers = lanes * static_cast<std::size_t>(capacity * width_);
    for (int l = 0; l < config.layers; ++l) {
      keys_.emplace_back(numbers);
      values_.emplace_back(numbers);
    }
  }

  /// How many slots of this lane are final.
  [[nodiscard]] std::int32_t kept(std::size_t lane) const { return kept_[lane]; }
  /// The first `count` slots of the lane's last step are final.
  void keep(std::size_t lane, std::int32_t count) { kept_[lane] += count; }
  /// Which lane each sequence of the next batch belongs to.
  void set_lanes(std::vector<std::size_t> lanes) { lanes_ = std::move(lanes); }

  /// Stores the batch's keys and values of layer l behind the kept ones, and returns them all (see forward).
  KeysAndValues<R, Rule> at(const B& backend, std::size_t l, const Batch<Rule>& batch, const QueryRows<Rule>& asking,
                            Matrix<R> k, Matrix<R> v) {
    const auto rows = static_cast<std::int64_t>(kept_.size()) * capacity_;
    const Matrix<R> all_k(keys_[l].data(), rows, width_);
    const Matrix<R> all_v(values_[l].data(), rows, width_);
    sequences_ = asking.sequences;
    const std::span<const std::int32_t> every(batch.every().row);
    for (std::size_t i = 0; i < sequences_.size(); ++i) {
      AttentionSequence<Rule>& sequence = sequences_[i];
      const std::int32_t kept = kept_[lanes_[i]];
      const std::int64_t first = static_cast<std::int64_t>(lanes_[i]) * capacity_;
      require(kept + sequence.keys <= capacity_, "cache", "a sequence has at most ", capacity_, " slots (got ",
              kept + sequence.keys, ")");
      const auto fresh =
          every.subspan(static_cast<std::size_t>(sequence.key_begin), static_cast<std::size_t>(sequence.keys));
      gather(backend, k, fresh, all_k.slice(first + kept, sequence.keys));
      gather(backend, v, fresh, all_v.slice(first + kept, sequence.keys));
      sequence.key_begin = static_cast<std::int32_t>(first);
      sequence.keys += kept;
    }
    return {all_k, all_v, sequences_};
  }

 private:
  std::int64_t width_;
  std::int64_t capacity_;
  std::vector<std::int32_t> kept_;
  std::vector<std::size_t> lanes_;
  std::vector<AttentionSequence<Rule>> sequences_;
  std::vector<typename B::template Buffer<R>> keys_;    // per layer (lanes * capacity, C)
  std::vector<typename B::template Buffer<R>> values_;  // per layer (lanes * capacity, C)
};

}  // namespace ordo
