#pragma once
// A factorization chosen at run time, by name: what programs and studies use. One kernel is compiled for each
// visibility rule, not for each policy.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/error.hpp>
#include <ordo/factorization/any_order.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/curriculum.hpp>
#include <ordo/factorization/erased.hpp>
#include <ordo/factorization/fill_in_the_middle.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_context.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/noisy_inputs.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>
#include <ordo/factorization/rule/blocks.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>
#include <ordo/factorization/shifted.hpp>
#include <ordo/factorization/suffix_masked.hpp>

namespace ordo {

/// The rules of policies that are chosen by name.
using AnyRule = OneOfRules<Causal, Full, Blocks<Causal>, Blocks<Full>>;

/// One of the library's policies, or the user's. Models Factorization; `factorization_from_name` makes one.
class AnyFactorization : public Erased<AnyRule, true> {
 public:
  AnyFactorization() : AnyFactorization(LeftToRight{}) {}
  template <class F>
    requires(!std::same_as<F, AnyFactorization> && !std::same_as<F, Erased<AnyRule, true>> && Factorization<F>)
  AnyFactorization(F policy) : Erased(std::move(policy)) {}                      // NOLINT: any policy will do
  AnyFactorization(Erased<AnyRule, true> policy) : Erased(std::move(policy)) {}  // NOLINT

  [[nodiscard]] AnyFactorization scored_as() const { return {Erased::scored_as()}; }
};

/// A mixture whose parts are known at run time only.
class AnyMixture {
 public:
  using Part = Erased<AnyRule>;
  using Rule = AnyRule;

  /// Throws where a weight is negative or no number, or all are zero.
  AnyMixture(std::vector<double> weights, std::vector<Part> parts)
      : weights_(std::move(weights)), parts_(std::move(parts)) {
    require(weights_.size() == parts_.size(), "mixture", "there must be a weight for each part (got ", weights_.size(),
            " for ", parts_.size(), ")");
    detail::check_weights(weights_);
  }

  template <Choices C>
  Rule plan(Shape shape, C& choices, std::vector<Slot>& slots) const {
    return drawn(choices).plan(shape, choices, slots);
  }
  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    return drawn(choices).sampler(shape, known, choices);
  }
  void check(Shape shape) const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (weights_[i] > 0) parts_[i].check(shape);
    }
  }
  [[nodiscard]] Claim claim() const { return mixed().result(); }
  [[nodiscard]] Readout readout() const { return mixed().readout; }
  [[nodiscard]] std::string name() const {
    std::string text;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      text += (i == 0 ? "" : " + ") + detail::shortest(weights_[i]) + " " + parts_[i].name();
    }
    return "mixture(" + text + ")";
  }

 private:
  template <class C>
  [[nodiscard]] const Part& drawn(C& choices) const {
    return parts_[detail::draw_part(weights_, choices)];
  }
  [[nodiscard]] detail::MixedClaim mixed() const {
    detail::MixedClaim mixed;
    for (std::size_t i = 0; i < parts_.size(); ++i) mixed.add(parts_[i], weights_[i]);
    return mixed;
  }

  std::vector<double> weights_;
  std::vector<Part> parts_;
};

}  // namespace ordo
