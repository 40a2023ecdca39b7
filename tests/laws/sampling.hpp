#pragma once
// What every sampler must keep to, without a network: it shows what is known, asks for what is not, and what it
// keeps never sees what comes later (or a cache would change the answer).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>

#include <laws/draws.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

/// Runs a sampler to its end, revealing one token a step where any subset may be.
template <Sampler S>
Report sampling(S sampler, Shape shape, Known known) {
  Report report;
  std::vector<Slot> kept;
  SampleStep step;
  for (std::int32_t steps = 0; sampler.next(known, step); ++steps) {
    if (steps > shape.length) {
      report.fault("still asks after ", steps, " steps for ", shape.length, " tokens");
      return report;
    }
    const std::size_t first = kept.size();
    kept.insert(kept.end(), step.keep.begin(), step.keep.end());
    std::vector<Slot> slots = kept;
    slots.insert(slots.end(), step.temporary.begin(), step.temporary.end());
    const auto rule = sampler.rule();
    const Reach reach = reach_of(rule, slots.size());
    const auto hidden = [&](std::int32_t i) {
      return i >= 0 && i < shape.length && known[static_cast<std::size_t>(i)] == 0;
    };
    for (const Slot& s : step.keep) {
      if (s.shows == Shows::token && hidden(s.index)) report.fault("keeps token ", s.index, ", not known yet");
    }
    std::vector<std::int32_t> asked;
    for (std::size_t q = first; q < slots.size(); ++q) {
      if (slots[q].predicts()) {
        if (!hidden(slots[q].target)) report.fault("step ", steps, " asks for token ", slots[q].target, ", known");
        if (std::find(asked.begin(), asked.end(), slots[q].target) != asked.end()) {
          report.fault("step ", steps, " asks for token ", slots[q].target, " twice");
        }
        asked.push_back(slots[q].target);
        for (std::size_t k = 0; k < slots.size(); ++k) {
          if (reach[q][k] != 0 && slots[k].shows == Shows::token && hidden(slots[k].index)) {
            report.fault("step ", steps, " shows token ", slots[k].index, ", not known yet");
          }
        }
      }
      for (std::size_t k = kept.size(); q < kept.size() && k < slots.size(); ++k) {
        if (reach[q][k] != 0) report.fault("kept slot ", q, " sees the temporary slot ", k);
      }
    }
    for (std::size_t q = 0; q < first; ++q) {
      for (std::size_t k = first; k < slots.size(); ++k) {
        if (reach[q][k] != 0) report.fault("slot ", q, " was kept, but sees slot ", k, " of a later step");
      }
    }
    if (asked.empty()) {
      report.fault("step ", steps, " asks for nothing");
      return report;
    }
    for (const std::int32_t i : asked) {
      if (hidden(i)) known[static_cast<std::size_t>(i)] = 1;
      if (step.any_subset) break;
    }
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == 0) report.fault("token ", i, " was never asked for");
  }
  return report;
}

/// The sampler of a policy; what its plan tells where it has none.
template <class F>
Report sampling_of(const F& policy, Shape shape, const Known& known, std::uint64_t n) {
  RandomChoices choices(0, Purpose::sampling, n);
  if constexpr (MakesSampler<F>) {
    return sampling(policy.sampler(shape, known, choices), shape, known);
  } else {
    return sampling(PlanSampler<F>(policy, shape, choices), shape, known);
  }
}

}  // namespace ordo::laws
