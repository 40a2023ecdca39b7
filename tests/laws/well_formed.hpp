#pragma once
// Law 0: every plan is a list of slots as the vocabulary defines them. The network relies on each of these.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <laws/draws.hpp>
#include <laws/report.hpp>

namespace ordo::laws {

template <class F>
Report well_formed(const F& policy, Shape shape) {
  Report report;
  const std::int32_t length = shape.length;
  for (const auto& draw : draws_of(policy, shape)) {
    for (std::int32_t q = 0; q < draw.size(); ++q) {
      const Slot& s = draw.slots[static_cast<std::size_t>(q)];
      switch (s.shows) {
        case Shows::token:
          if (s.index < 0 || s.index >= length) report.fault("slot ", q, " shows token ", s.index, " of ", length);
          if (s.position != s.index + 1) {
            report.fault("slot ", q, " shows token ", s.index, " at position ", s.position, ", which stands at ",
                         s.index + 1);
          }
          break;
        case Shows::start:
          if (s.position != 0) report.fault("slot ", q, " shows the start at position ", s.position);
          break;
        case Shows::replacement:
          if (s.index < 0) report.fault("slot ", q, " shows replacement token ", s.index);
          [[fallthrough]];
        case Shows::mask:
          if (s.position < 1 || s.position > length) {
            report.fault("slot ", q, " stands at position ", s.position, ", tokens at 1 to ", length);
          }
      }
      if (!std::isfinite(s.weight) || s.weight < 0) report.fault("slot ", q, " has weight ", s.weight);
      if (s.predicts()) {
        if (s.target < 0 || s.target >= length) report.fault("slot ", q, " predicts token ", s.target, " of ", length);
        if (s.target_position != absent && s.target_position != s.target + 1) {
          report.fault("slot ", q, " is told position ", s.target_position, " for token ", s.target);
        }
      } else {
        if (s.weight != 0) report.fault("slot ", q, " predicts nothing, but has weight ", s.weight);
        if (s.target != absent) report.fault("slot ", q, " has target ", s.target);
      }
      bool sees_any = false;
      for (std::int32_t k = 0; k < draw.size(); ++k) sees_any = sees_any || draw.rule.sees(q, k);
      if (!sees_any) report.fault("slot ", q, " sees no slot");
    }
  }
  return report;
}

}  // namespace ordo::laws
