#pragma once
// Law 1: no predicting slot reaches a slot that shows its target.

#include <cstddef>
#include <cstdint>

#include <laws/draws.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

template <class F>
Report no_leak(const F& policy, Shape shape) {
  Report report;
  for (const auto& draw : draws_of(policy, shape)) {
    const Reach reach = reach_of(draw.rule, draw.slots.size());
    for (std::size_t q = 0; q < draw.slots.size(); ++q) {
      if (!draw.slots[q].predicts()) continue;
      for (std::size_t k = 0; k < draw.slots.size(); ++k) {
        const Slot& shown = draw.slots[k];
        if (reach[q][k] != 0 && shown.shows == Shows::token && shown.index == draw.slots[q].target) {
          report.fault("slot ", q, " predicts token ", shown.index, ", which it reaches at slot ", k);
        }
      }
    }
  }
  return report;
}

}  // namespace ordo::laws
