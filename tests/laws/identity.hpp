#pragma once
// Law 4: two policies that ought to be the same lay out the same plans, bit for bit.

#include <cstdint>
#include <vector>

#include <ordo/core/choices.hpp>

#include <laws/draws.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

/// Slots (weights to the bit) and visibility for the samples n = 0 .. 31 under two seeds.
template <class A, class B>
Report identical(const A& a, const B& b, Shape shape) {
  Report report;
  for (const std::uint64_t seed : {0ULL, 77ULL}) {
    for (std::uint64_t n = 0; n < 32; ++n) {
      RandomChoices choices_a(seed, Purpose::plan, n);
      RandomChoices choices_b(seed, Purpose::plan, n);
      std::vector<Slot> slots_a;
      std::vector<Slot> slots_b;
      const auto rule_a = a.plan(shape, choices_a, slots_a);
      const auto rule_b = b.plan(shape, choices_b, slots_b);
      if (plan_key(slots_a, rule_a) != plan_key(slots_b, rule_b)) {
        report.fault("length ", shape.length, ", seed ", seed, ", sample ", n, ": the plans differ");
      }
    }
  }
  return report;
}

}  // namespace ordo::laws
