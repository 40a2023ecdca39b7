#pragma once
// The tile law: what a rule promises of a rectangle of slots is what it says of its pairs.

#include <cstddef>
#include <cstdint>

#include <ordo/concepts/rule.hpp>
#include <ordo/core/tile.hpp>

#include <laws/draws.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

struct TileReport {
  Report report;
  std::size_t rectangles = 0;
  std::size_t blurred = 0;  ///< `some` where `none` or `all` would have been true
};

/// All rectangles among `size` slots.
template <VisibilityRule Rule>
TileReport tiles(const Rule& rule, std::int32_t size) {
  TileReport result;
  for (std::int32_t q0 = 0; q0 < size; ++q0) {
    for (std::int32_t q1 = q0 + 1; q1 <= size; ++q1) {
      for (std::int32_t k0 = 0; k0 < size; ++k0) {
        for (std::int32_t k1 = k0 + 1; k1 <= size; ++k1) {
          std::int32_t seen = 0;
          for (std::int32_t q = q0; q < q1; ++q) {
            for (std::int32_t k = k0; k < k1; ++k) seen += rule.sees(q, k) ? 1 : 0;
          }
          const Tile truth = seen == 0 ? Tile::none : seen == (q1 - q0) * (k1 - k0) ? Tile::all : Tile::some;
          const Tile answer = rule.tile(q0, q1, k0, k1);
          ++result.rectangles;
          if (answer == Tile::some) {
            result.blurred += truth == Tile::some ? 0U : 1U;
          } else if (answer != truth) {
            result.report.fault("queries [", q0, ", ", q1, "), keys [", k0, ", ", k1,
                                "): ", answer == Tile::none ? "none" : "all", " is promised, but ", seen, " pairs see");
          }
        }
      }
    }
  }
  return result;
}

/// The rules of all draws of a policy, over their own slots.
template <class F>
Report tiles_of(const F& policy, Shape shape) {
  Report report;
  for (const auto& draw : draws_of(policy, shape)) {
    const auto result = visit_rule(draw.rule, [&](const auto& rule) { return tiles(rule, draw.size()); });
    if (!result.report.holds()) report.fault(result.report);
    if (!tiles(draw.rule, draw.size()).report.holds()) report.fault("the rule differs from its alternative");
  }
  return report;
}

}  // namespace ordo::laws
