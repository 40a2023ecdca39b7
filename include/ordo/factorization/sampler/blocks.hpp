#pragma once
// Sampling part by part: what is finished is kept as clean copies, the part in hand is sampled by its own sampler.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <ordo/concepts/rule.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/move.hpp>
#include <ordo/factorization/rule/blocks.hpp>

namespace ordo {

/// Part w holds tokens begin[w] .. begin[w + 1] - 1 and is sampled by parts[w], as a sequence of its own behind clean
/// copies of all tokens before. Clean copies see their own block of `block` tokens and those before. Tokens before
/// begin[0] must be known.
template <class Part>
class BlocksSampler {
 public:
  using PartRule = std::remove_cvref_t<decltype(std::declval<const Part&>().rule())>;
  using Rule = WrappedRule<Blocks, PartRule>;

  BlocksSampler(std::vector<Part> parts, std::vector<std::int32_t> begin, std::int32_t block)
      : parts_(std::move(parts)), begin_(std::move(begin)), block_(block) {}

  [[nodiscard]] bool next(const Known& known, SampleStep& step) {
    for (; part_ < parts_.size(); ++part_, part_kept_.clear()) {
      const std::int32_t from = begin_[part_];
      const Known own(known.begin() + from, known.begin() + begin_[part_ + 1]);
      step.clear();
      if (!parts_[part_].next(own, part_step_)) continue;
      for (; clean_ < from; ++clean_) {
        require(known[static_cast<std::size_t>(clean_)] != 0, "sampling", "token ", clean_,
                " must be given: this factorization predicts from token ", begin_.front(), " on");
        step.keep.push_back(Slot::token(clean_));
      }
      for (const auto* slots : {&part_kept_, &part_step_.keep, &part_step_.temporary}) {
        for (const Slot& slot : *slots) step.temporary.push_back(moved(slot, from));
      }
      step.any_subset = part_step_.any_subset;
      for (Slot slot : part_step_.keep) {
        slot.target = absent;
        slot.weight = 0;
        part_kept_.push_back(slot);
      }
      return true;
    }
    return false;
  }

  [[nodiscard]] Rule rule() const {
    if (part_ >= parts_.size()) return {};
    return visit_rule(parts_[part_].rule(), [&](const auto& inner) -> Rule {
      return Blocks<std::remove_cvref_t<decltype(inner)>>{clean_, block_, (clean_ + block_ - 1) / block_, 1, 0,
                                                          inner,  inner};
    });
  }

  [[nodiscard]] double hidden(double t) const { return part_ < parts_.size() ? pace(parts_[part_], t) : t; }

 private:
  std::vector<Part> parts_;
  std::vector<std::int32_t> begin_;  // (parts + 1)
  std::int32_t block_;
  std::size_t part_ = 0;
  std::int32_t clean_ = 0;       // clean copies kept so far
  std::vector<Slot> part_kept_;  // what the part in hand keeps: laid out anew in each step, until it is finished
  SampleStep part_step_;
};

}  // namespace ordo
