#pragma once
// Sampling for a policy that says nothing about it: read off its own plan.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// Draws one plan and lays it out again at every step, with the mask in place of tokens that are not known. A slot
/// predicts as soon as everything that it reaches, directly or through other slots, is known. No cache: it is the
/// general answer, not the quick one. The policy's plan must predict every token that is not given.
template <Factorization F>
class PlanSampler {
 public:
  template <Choices C>
  PlanSampler(const F& policy, Shape shape, C& choices) : rule_(policy.plan(shape, choices, slots_)) {
    const std::size_t n = slots_.size();
    reach_.assign(n, std::vector<char>(n, 0));
    for (std::size_t q = 0; q < n; ++q) {
      reach_[q][q] = 1;
      for (std::size_t k = 0; k < n; ++k) {
        if (rule_.sees(static_cast<std::int32_t>(q), static_cast<std::int32_t>(k))) reach_[q][k] = 1;
      }
    }
    for (std::size_t via = 0; via < n; ++via) {  // transitive closure (Warshall 1962)
      for (std::size_t q = 0; q < n; ++q) {
        if (reach_[q][via] == 0) continue;
        for (std::size_t k = 0; k < n; ++k) reach_[q][k] = static_cast<char>(reach_[q][k] | reach_[via][k]);
      }
    }
  }

  [[nodiscard]] bool next(const Known& known, SampleStep& step) {
    step.clear();
    bool predicts = false;
    for (std::size_t q = 0; q < slots_.size(); ++q) {
      Slot slot = slots_[q];
      if (slot.predicts() && (known[static_cast<std::size_t>(slot.target)] != 0 || !ready(q, known))) {
        slot.target = absent;
      }
      if (slot.shows == Shows::token && known[static_cast<std::size_t>(slot.index)] == 0) {
        slot.shows = Shows::mask;  // nobody who predicts now reaches it
      }
      predicts = predicts || slot.predicts();
      step.temporary.push_back(slot);
    }
    for (std::size_t i = 0; i < known.size() && !predicts; ++i) {
      require(known[i] != 0, "sampling", "this factorization's plan never predicts token ", i,
              " from what is known; give the policy a sampler()");
    }
    return predicts;
  }
  [[nodiscard]] const typename F::Rule& rule() const { return rule_; }

 private:
  [[nodiscard]] bool ready(std::size_t q, const Known& known) const {
    for (std::size_t k = 0; k < slots_.size(); ++k) {
      const Slot& slot = slots_[k];
      if (reach_[q][k] != 0 && slot.shows == Shows::token && known[static_cast<std::size_t>(slot.index)] == 0) {
        return false;
      }
    }
    return true;
  }

  std::vector<Slot> slots_;
  std::vector<std::vector<char>> reach_;
  typename F::Rule rule_;
};

/// The policy's own sampler, or the one that its plan tells.
template <Factorization F, Choices C>
[[nodiscard]] auto sampler_of(const F& policy, Shape shape, const Known& known, C& choices) {
  if constexpr (MakesSampler<F>) {
    return policy.sampler(shape, known, choices);
  } else {
    return PlanSampler<F>(policy, shape, choices);
  }
}

template <Factorization F>
using SamplerOf = decltype(sampler_of(std::declval<const F&>(), Shape{}, std::declval<const Known&>(),
                                      std::declval<RandomChoices&>()));

}  // namespace ordo
