#pragma once
// Work that is asked of a backend again and again with the same arguments.

#include <cstddef>
#include <cstdint>
#include <map>

#include <ordo/core/error.hpp>
#include <ordo/core/host_memory.hpp>

namespace ordo {

/// Each backend that queues its work has one of its own; on the host the work is just done.
template <class B>
class Replay;

template <ComputesOnHost B>
class Replay<B> {
 public:
  /// Does what `work()` asks of `b`. Every call must ask for the same: views of the same memory, the same numbers.
  template <class Work>
  void run(const B&, const Work& work) {
    work();
  }
};

/// Work of several shapes, each asked for again and again: a Replay for each of the `most` shapes that were met last.
/// (On a device each takes memory.) Shape: all that the work is a function of, ordered by <.
template <class B, class Shape>
class Replays {
 public:
  explicit Replays(std::size_t most) : most_(most) {
    require(most > 0, "replays", "at least one must be kept (got 0)");
  }

  /// Does what `work()` asks of `b`; it must ask for the same whenever `shape` is the same.
  template <class Work>
  void run(const B& b, const Shape& shape, const Work& work) {
    if constexpr (ComputesOnHost<B>) {
      work();
    } else {
      if (kept_.size() >= most_ && !kept_.contains(shape)) forget_one();
      Kept& kept = kept_[shape];
      kept.met = ++runs_;
      kept.replay.run(b, work);
    }
  }
  /// For whenever memory moves that the work reads or writes.
  void clear() { kept_.clear(); }
  [[nodiscard]] std::size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    Replay<B> replay{};
    std::uint64_t met = 0;  // the run that met it last
  };
  void forget_one() {
    auto oldest = kept_.begin();
    for (auto i = kept_.begin(); i != kept_.end(); ++i) {
      if (i->second.met < oldest->second.met) oldest = i;
    }
    kept_.erase(oldest);
  }

  std::size_t most_;
  std::map<Shape, Kept> kept_;
  std::uint64_t runs_ = 0;
};

}  // namespace ordo
