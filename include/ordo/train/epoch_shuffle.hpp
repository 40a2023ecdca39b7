#pragma once
// Which window is the n-th sample of a run: epochs of windows, each in an order of its own.

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <ordo/core/rng.hpp>

namespace ordo {

/// Maps n, which counts samples over all epochs, to a window. A function of (seed, n); holds one epoch's order.
class EpochShuffle {
 public:
  EpochShuffle(std::uint64_t seed, std::size_t windows) : seed_(seed), order_(windows) {}

  [[nodiscard]] std::size_t window(std::uint64_t n) {
    const std::uint64_t epoch = n / order_.size();
    if (epoch != epoch_) shuffle(epoch);
    return order_[static_cast<std::size_t>(n % order_.size())];
  }

 private:
  void shuffle(std::uint64_t epoch) {
    std::iota(order_.begin(), order_.end(), 0U);
    Stream stream(seed_, Purpose::shuffle, epoch);
    for (std::size_t left = order_.size(); left > 1; --left) {  // Fisher and Yates
      std::swap(order_[left - 1], order_[stream.below(static_cast<std::uint32_t>(left))]);
    }
    epoch_ = epoch;
  }

  std::uint64_t seed_;
  std::uint64_t epoch_ = ~std::uint64_t{0};
  std::vector<std::uint32_t> order_;
};

}  // namespace ordo
