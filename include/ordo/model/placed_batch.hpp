#pragma once
// A batch where a backend reads it.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include <ordo/core/attention_layout.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/model/batch.hpp>

namespace ordo {

template <class T>
using PlacedList = std::span<const T>;

/// Views of a Batch's lists in a backend's memory, and what the host knows of them.
template <class Rule>
struct PlacedBatch {
  PlacedList<std::int32_t> token;     // (S) row of the table shown
  PlacedList<std::int32_t> position;  // (S)
  QueryRows<Rule, PlacedList> every;
  QueryRows<Rule, PlacedList> predicting;
  PlacedList<Token> target;  // (P)
  PlacedList<float> weight;  // (P)

  [[nodiscard]] std::int64_t slots() const { return static_cast<std::int64_t>(token.size()); }         // S
  [[nodiscard]] std::int64_t predictions() const { return static_cast<std::int64_t>(target.size()); }  // P
};

/// Brings lists of the host to a backend, all in one copy; on the host they stay where they are, and must live as long
/// as their views are used.
template <class B>
class Placer {
 public:
  /// What `add` will take for lists of this many numbers.
  template <class T>
  [[nodiscard]] static std::size_t bytes(std::size_t count) {
    return (count * sizeof(T) + alignment - 1) / alignment * alignment;
  }

  /// Begins anew, for lists of so many bytes in all. Earlier views are void.
  void begin(const B& b, std::size_t bytes) {
    if constexpr (!ComputesOnHost<B>) {
      if (memory_.size() < bytes) memory_ = allocate<unsigned char>(b, bytes + bytes / 4);
      packed_.resize(bytes);
      used_ = 0;
    }
  }
  /// Where the list will be once `finish` was called.
  template <class T>
  [[nodiscard]] std::span<const T> add(const std::vector<T>& list) {
    if constexpr (ComputesOnHost<B>) {
      return list;
    } else {
      static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignment);
      require(used_ + bytes<T>(list.size()) <= packed_.size(), "placer", "there is room for ", packed_.size(),
              " bytes, begin anew for more (got ", used_ + bytes<T>(list.size()), ")");
      if (!list.empty()) std::memcpy(packed_.data() + used_, list.data(), list.size() * sizeof(T));
      const T* const there = reinterpret_cast<const T*>(memory_.data() + used_);
      used_ += bytes<T>(list.size());
      return {there, list.size()};
    }
  }
  void finish(const B& b) {
    if constexpr (!ComputesOnHost<B>) upload(b, std::span<const unsigned char>(packed_).first(used_), memory_.data());
  }

 private:
  static constexpr std::size_t alignment = 256;
  typename B::template Buffer<unsigned char> memory_;
  std::vector<unsigned char> packed_;
  std::size_t used_ = 0;
};

/// Views of the batch where `b` reads it, good until the placer's next batch. The batch must stay as it is until then.
template <class B, class Rule>
[[nodiscard]] PlacedBatch<Rule> place(const B& b, const Batch<Rule>& batch, Placer<B>& placer) {
  PlacedBatch<Rule> placed;
  const auto each = [&](const auto& visit) {
    visit(batch.token(), placed.token);
    visit(batch.position(), placed.position);
    for_each_list(batch.every(), placed.every, visit);
    for_each_list(batch.predicting(), placed.predicting, visit);
    visit(batch.target(), placed.target);
    visit(batch.weight(), placed.weight);
  };
  std::size_t bytes = 0;
  each(
      [&]<class T>(const std::vector<T>& list, PlacedList<T>&) { bytes += Placer<B>::template bytes<T>(list.size()); });
  placer.begin(b, bytes);
  each([&]<class T>(const std::vector<T>& list, PlacedList<T>& view) { view = placer.add(list); });
  placer.finish(b);
  const auto take_facts = [](const auto& from, auto& to) {
    to.most_queries = from.most_queries;
    to.most_keys = from.most_keys;
    to.rules = from.rules;
  };
  take_facts(batch.every(), placed.every);
  take_facts(batch.predicting(), placed.predicting);
  // On a device the grid is the same however many slots predict; its blocks without queries end at once.
  if (!B::on_host) placed.predicting.most_queries = placed.every.most_queries;
  return placed;
}

}  // namespace ordo
