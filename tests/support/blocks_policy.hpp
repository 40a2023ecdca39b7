#pragma once
// A policy for tests of sampling: blocks of tokens from left to right, any order inside a block. Blocks that are known
// are kept; the block at hand is shown with masks, and dropped after the step.

#include <algorithm>
#include <cstdint>
#include <string>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/host_device.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/core/tile.hpp>

namespace user {

struct BlocksRule {
  std::int32_t block = 1;  ///< slots of one block
  [[nodiscard]] ORDO_HD constexpr bool sees(std::int32_t q, std::int32_t k) const { return k / block <= q / block; }
  [[nodiscard]] ORDO_HD constexpr ordo::Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const {
    return ordo::Tile::some;
  }
};

struct Blocks {
  using Rule = BlocksRule;
  std::int32_t block = 2;

  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape, C&, Slots&) const {
    ordo::fail("test", "these blocks are only sampled");
  }
  class Sampler {
   public:
    Sampler(ordo::Shape shape, std::int32_t block) : length_(shape.length), block_(block) {}
    [[nodiscard]] bool next(const ordo::Known& known, ordo::SampleStep& step) {
      step.clear();
      step.any_subset = true;
      while (kept_ < length_) {
        const std::int32_t end = std::min(kept_ + block_, length_);
        bool hidden = false;
        for (std::int32_t i = kept_; i < end; ++i) {
          const bool shown = known[static_cast<std::size_t>(i)] != 0;
          step.temporary.push_back(shown ? ordo::Slot::token(i) : ordo::Slot::mask(i).predicting(i));
          hidden = hidden || !shown;
        }
        if (hidden) return true;
        step.keep.insert(step.keep.end(), step.temporary.begin(), step.temporary.end());
        step.temporary.clear();
        kept_ = end;
      }
      return false;
    }
    [[nodiscard]] BlocksRule rule() const { return {block_}; }

   private:
    std::int32_t length_;
    std::int32_t block_;
    std::int32_t kept_ = 0;
  };
  template <ordo::Choices C>
  [[nodiscard]] Sampler sampler(ordo::Shape shape, const ordo::Known&, C&) const {
    return {shape, block};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::order_average; }
  [[nodiscard]] std::string name() const { return "blocks"; }
};

}  // namespace user
