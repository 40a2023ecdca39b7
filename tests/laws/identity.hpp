#pragma once
// Law 4: two policies that ought to be the same lay out the same plans, bit for bit.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
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

/// What a policy asks for, whatever its slots: for each target and set of tokens that its slot reaches, the mean
/// weight over draws.
template <class F>
std::map<std::vector<std::int32_t>, double> conditionals(const F& policy, Shape shape) {
  std::map<std::vector<std::int32_t>, double> weight;
  for (const auto& draw : draws_of(policy, shape)) {
    const Reach reach = reach_of(draw.rule, draw.slots.size());
    for (std::size_t q = 0; q < draw.slots.size(); ++q) {
      if (!draw.slots[q].predicts()) continue;
      std::set<std::int32_t> seen;
      for (std::size_t k = 0; k < draw.slots.size(); ++k) {
        if (reach[q][k] != 0 && draw.slots[k].shows == Shows::token) seen.insert(draw.slots[k].index);
      }
      std::vector<std::int32_t> key{draw.slots[q].target};
      key.insert(key.end(), seen.begin(), seen.end());
      weight[key] += draw.probability * static_cast<double>(draw.slots[q].weight);
    }
  }
  return weight;
}

/// Two policies whose slots differ, but which ask the same questions with the same weights.
template <class A, class B>
Report same_conditionals(const A& a, const B& b, Shape shape) {
  Report report;
  const auto of_a = conditionals(a, shape);
  const auto of_b = conditionals(b, shape);
  for (const auto& [key, weight] : of_a) {
    const auto at = of_b.find(key);
    report.expect_near(at == of_b.end() ? 0.0 : at->second, weight, 1e-5, "token ", key.front(), " given ",
                       key.size() - 1, " tokens");
  }
  if (of_a.size() != of_b.size()) report.fault(of_a.size(), " and ", of_b.size(), " conditionals");
  return report;
}

}  // namespace ordo::laws
