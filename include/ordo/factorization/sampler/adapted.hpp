#pragma once
// Samplers that change one thing of another: what its slots are told, or what they see.

#include <utility>

#include <ordo/concepts/rule.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// The steps of `inner`, each predicting slot told its target's position where `told`.
template <class S>
struct ToldSampler {
  S inner;
  bool told = false;

  [[nodiscard]] bool next(const Known& known, SampleStep& step) {
    if (!inner.next(known, step)) return false;
    for (auto* slots : {&step.keep, &step.temporary}) {
      for (Slot& slot : *slots) {
        if (told && slot.predicts()) slot = slot.told();
      }
    }
    return true;
  }
  [[nodiscard]] auto rule() const { return inner.rule(); }
  [[nodiscard]] double hidden(double t) const { return pace(inner, t); }
};

/// The steps of `inner` under another rule.
template <class S, VisibilityRule R>
struct RuledSampler {
  S inner;

  [[nodiscard]] bool next(const Known& known, SampleStep& step) { return inner.next(known, step); }
  [[nodiscard]] R rule() const { return {}; }
  [[nodiscard]] double hidden(double t) const { return pace(inner, t); }
};

}  // namespace ordo
