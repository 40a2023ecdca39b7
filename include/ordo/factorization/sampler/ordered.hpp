#pragma once
// Sampling one token after another in a fixed order, with every slot cached.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/causal.hpp>

namespace ordo {

/// Slot s shows order[s - 1] and predicts order[s]; the known tokens must come first in the order.
class OrderedSampler {
 public:
  OrderedSampler(std::vector<std::int32_t> order, bool told, const Known& known)
      : order_(std::move(order)), told_(told) {
    bool gap = false;
    for (const std::int32_t i : order_) {
      const bool is_known = known[static_cast<std::size_t>(i)] != 0;
      require(!(gap && is_known), "sampling", "this factorization can only go on from its first tokens, but token ", i,
              " is given after a gap (use masked diffusion, or orderings with target positions, to infill)");
      gap = gap || !is_known;
    }
  }

  [[nodiscard]] bool next(const Known& known, SampleStep& step) {
    step.clear();
    while (slot_ < order_.size()) {
      Slot slot = (slot_ == 0 ? Slot::start() : Slot::token(order_[slot_ - 1]));
      const std::int32_t target = order_[slot_];
      ++slot_;
      slot = slot.predicting(target);
      if (told_) slot = slot.told();
      if (known[static_cast<std::size_t>(target)] != 0) {
        slot.target = absent;  // given: the slot is laid out, but predicts nothing
        step.keep.push_back(slot);
        continue;
      }
      step.keep.push_back(slot);
      return true;
    }
    return false;
  }
  [[nodiscard]] Causal rule() const { return {}; }

 private:
  std::vector<std::int32_t> order_;
  bool told_;
  std::size_t slot_ = 0;
};

}  // namespace ordo
