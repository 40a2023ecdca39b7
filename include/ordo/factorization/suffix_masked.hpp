#pragma once
// Diffusion towards autoregression: only the end of the sequence is hidden (the code of Prabhudesai et al. 2025,
// arXiv:2507.15857).

#include <cstdint>
#include <string>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/full.hpp>

namespace ordo {

/// How the hidden tokens of SuffixMasked are weighted.
enum class SuffixWeight : std::uint8_t {
  by_token,  ///< T / (i + 1) for token i: one over the probability that it is hidden
  by_share,  ///< the paper code's: T / count for all, which counts late tokens more than early ones: training only
};

/// The sampler: from left to right, one token a step, masks behind.
class SuffixSampler {
 public:
  explicit SuffixSampler(Shape shape) : length_(shape.length) {}

  [[nodiscard]] bool next(const Known& known, SampleStep& step) const {
    step.clear();
    bool asked = false;
    for (std::int32_t i = 0; i < length_; ++i) {
      if (known[static_cast<std::size_t>(i)] != 0) {
        step.temporary.push_back(Slot::token(i));
      } else {
        step.temporary.push_back(asked ? Slot::mask(i) : Slot::mask(i).predicting(i));
        asked = true;
      }
    }
    return asked;
  }
  [[nodiscard]] Full rule() const { return {}; }

 private:
  std::int32_t length_;
};

/// T slots, all see all; the last k are hidden, k uniform in 1 .. T, and predict themselves from what is before. Token
/// i is hidden with probability (i + 1) / T. A bound: of the tokens before it, a hidden token sees only the shown.
template <SuffixWeight W = SuffixWeight::by_token>
struct SuffixMasked {
  using Rule = Full;
  static constexpr bool training_only = W == SuffixWeight::by_share;

  template <Choices C, class Slots>
  ORDO_HD Rule plan(Shape shape, C& choices, Slots& slots) const {
    const std::int32_t length = shape.length;
    if (length == 0) return {};
    const auto hidden = static_cast<std::int32_t>(choices.below(static_cast<std::uint32_t>(length))) + 1;
    for (std::int32_t i = 0; i < length; ++i) {
      const std::int32_t ways = W == SuffixWeight::by_token ? i + 1 : hidden;
      const float weight = static_cast<float>(length) / static_cast<float>(ways);
      slots.push_back(i < length - hidden ? Slot::token(i) : Slot::mask(i).predicting(i, weight));
    }
    return {};
  }
  template <Choices C>
  [[nodiscard]] SuffixSampler sampler(Shape shape, const Known&, C&) const {
    return SuffixSampler(shape);
  }
  [[nodiscard]] auto scored_as() const requires(W == SuffixWeight::by_share) {
    return SuffixMasked<SuffixWeight::by_token>{};
  }
  [[nodiscard]] constexpr Claim claim() const {
    return W == SuffixWeight::by_token ? Claim::bound : Claim::training_only;
  }
  [[nodiscard]] constexpr Readout readout() const { return {.mask = Reads::own}; }
  [[nodiscard]] std::string name() const {
    return W == SuffixWeight::by_token ? "suffix-masked" : "suffix-masked:by-share";
  }
};

}  // namespace ordo
