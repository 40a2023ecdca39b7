#pragma once
// All draws of a policy, and who reaches whom in a plan.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <ordo/concepts/factorization.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>

#include <laws/enumerator.hpp>

namespace ordo::laws {

template <class Rule>
struct Draw {
  double probability = 0;
  std::vector<Slot> slots;
  Rule rule;

  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(slots.size()); }
};

/// Slots and visibility as numbers: equal for equal plans.
template <class Rule>
std::vector<std::int32_t> plan_key(const std::vector<Slot>& slots, const Rule& rule) {
  std::vector<std::int32_t> key;
  const auto n = static_cast<std::int32_t>(slots.size());
  for (std::int32_t q = 0; q < n; ++q) {
    const Slot& s = slots[static_cast<std::size_t>(q)];
    key.insert(key.end(), {static_cast<std::int32_t>(s.shows), s.index, s.position, s.target, s.target_position,
                           std::bit_cast<std::int32_t>(s.weight)});
    for (std::int32_t k = 0; k < n; ++k) key.push_back(rule.sees(q, k) ? 1 : 0);
  }
  return key;
}

/// Every plan that the policy may draw, once, with its probability.
template <class F>
std::vector<Draw<typename F::Rule>> draws_of(const F& policy, Shape shape, double progress = 1) {
  std::vector<Draw<typename F::Rule>> draws;
  std::map<std::vector<std::int32_t>, std::size_t> seen;
  Enumerator choices(progress);
  std::size_t met = 0;
  do {
    std::vector<Slot> slots;
    const auto rule = policy.plan(shape, choices, slots);
    const double probability = choices.probability();
    require(++met < 2000000, "enumerator", "a policy has more than ", met, " draws at length ", shape.length);
    if (probability == 0) continue;
    const auto [at, is_new] = seen.emplace(plan_key(slots, rule), draws.size());
    if (is_new) {
      draws.push_back({probability, std::move(slots), rule});
    } else {
      draws[at->second].probability += probability;
    }
  } while (choices.advance());
  double total = 0;
  for (const auto& draw : draws) total += draw.probability;
  require(total > 1 - 1e-9 && total < 1 + 1e-9, "enumerator", "the probabilities add up to ", total);
  return draws;
}

/// reach[q][k]: slot q learns what slot k shows, directly or through other slots, in enough layers. The residual
/// stream makes every slot reach itself.
using Reach = std::vector<std::vector<char>>;

template <class Rule>
Reach reach_of(const Rule& rule, std::size_t n) {
  Reach reach(n, std::vector<char>(n, 0));
  for (std::size_t q = 0; q < n; ++q) {
    for (std::size_t k = 0; k < n; ++k) {
      reach[q][k] = static_cast<char>(q == k || rule.sees(static_cast<std::int32_t>(q), static_cast<std::int32_t>(k)));
    }
  }
  for (std::size_t via = 0; via < n; ++via) {
    for (std::size_t q = 0; q < n; ++q) {
      for (std::size_t k = 0; k < n && reach[q][via] != 0; ++k) {
        reach[q][k] = static_cast<char>(reach[q][k] | reach[via][k]);
      }
    }
  }
  return reach;
}

/// Which tokens are given at this length: those that `f.given(shape)` names, or none.
template <class F>
Known given_tokens(const F& policy, Shape shape) {
  return given_of(policy, shape);
}

}  // namespace ordo::laws
