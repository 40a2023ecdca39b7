#pragma once
// Draws: a plan is a function of (seed, purpose, n) alone, and random choices draw what the enumerator lists.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <ordo/core/choices.hpp>

#include <laws/draws.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

template <class F>
std::vector<std::int32_t> drawn_key(const F& policy, Shape shape, std::uint64_t seed, std::uint64_t n) {
  RandomChoices choices(seed, Purpose::plan, n);
  std::vector<Slot> slots;
  const auto rule = policy.plan(shape, choices, slots);
  return plan_key(slots, rule);
}

/// The plans of n = 0 .. 63, met upwards, and downwards by a copy of the policy.
template <class F>
Report pure_draws(const F& policy, Shape shape) {
  constexpr std::uint64_t samples = 64;
  Report report;
  std::vector<std::vector<std::int32_t>> upwards;
  for (std::uint64_t n = 0; n < samples; ++n) upwards.push_back(drawn_key(policy, shape, 3, n));
  const F copy = policy;
  for (std::uint64_t n = samples; n-- > 0;) {
    if (drawn_key(copy, shape, 3, n) != upwards[n]) report.fault("sample ", n, " depends on the samples before it");
  }
  return report;
}

/// Pearson's chi-square of observed counts against probabilities, as a z score (Wilson and Hilferty 1931).
template <class Key>
double chi_square_z(const std::map<Key, double>& expected, const std::map<Key, std::size_t>& observed,
                    std::size_t samples) {
  double chi = 0;
  for (const auto& [key, p] : expected) {
    const double mean = p * static_cast<double>(samples);
    const auto at = observed.find(key);
    const double seen = at == observed.end() ? 0 : static_cast<double>(at->second);
    chi += (seen - mean) * (seen - mean) / mean;
  }
  const auto freedom = static_cast<double>(expected.size()) - 1;
  if (freedom == 0) return 0;
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi / freedom) - (1 - spread)) / std::sqrt(spread);
}

/// How often each plan, its weights aside (they may be continuous), is drawn by RandomChoices. One seed, so the test
/// is the same each time; one right policy in 30,000 would fail at z = 4.
template <class F>
Report frequencies(const F& policy, Shape shape, std::size_t samples = 6000) {
  Report report;
  const auto unweighted = [](std::vector<Slot> slots, const auto& rule) {
    for (Slot& s : slots) s.weight = 0;
    return plan_key(slots, rule);
  };
  std::map<std::vector<std::int32_t>, double> expected;
  for (const auto& draw : draws_of(policy, shape)) expected[unweighted(draw.slots, draw.rule)] += draw.probability;
  std::map<std::vector<std::int32_t>, std::size_t> observed;
  for (std::uint64_t n = 0; n < samples; ++n) {
    RandomChoices choices(1, Purpose::plan, n);
    std::vector<Slot> slots;
    const auto rule = policy.plan(shape, choices, slots);
    ++observed[unweighted(slots, rule)];
  }
  for (const auto& [key, count] : observed) {
    if (expected.count(key) == 0) report.fault("a plan was drawn ", count, " times that is not enumerated");
  }
  const double z = chi_square_z(expected, observed, samples);
  if (!(z < 4)) report.fault("chi-square of ", expected.size(), " plans in ", samples, " draws: z = ", z);
  return report;
}

}  // namespace ordo::laws
