#pragma once
// Sampling by unmasking: every step shows the whole sequence, with the mask where a token is not known yet.

#include <cstddef>
#include <cstdint>

#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/full.hpp>

namespace ordo {

class UnmaskingSampler {
 public:
  explicit UnmaskingSampler(Shape shape) : length_(shape.length) {}

  [[nodiscard]] bool next(const Known& known, SampleStep& step) const {
    step.clear();
    step.any_subset = true;
    bool hidden = false;
    for (std::int32_t i = 0; i < length_; ++i) {
      const bool shown = known[static_cast<std::size_t>(i)] != 0;
      step.temporary.push_back(shown ? Slot::token(i) : Slot::mask(i).predicting(i));
      hidden = hidden || !shown;
    }
    return hidden;
  }
  [[nodiscard]] Full rule() const { return {}; }

 private:
  std::int32_t length_;
};

}  // namespace ordo
