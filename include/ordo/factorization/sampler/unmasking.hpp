#pragma once
// Sampling by unmasking: every step shows the whole sequence, with the mask where a token is not known yet.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/full.hpp>

namespace ordo {

class UnmaskingSampler {
 public:
  /// The share still hidden at time t in [0, 1].
  using Pace = std::function<double(double)>;

  explicit UnmaskingSampler(Shape shape, Pace pace = {}) : length_(shape.length), pace_(std::move(pace)) {}

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
  [[nodiscard]] double hidden(double t) const { return pace_ ? pace_(t) : t; }

 private:
  std::int32_t length_;
  Pace pace_;  // none: linear
};

}  // namespace ordo
