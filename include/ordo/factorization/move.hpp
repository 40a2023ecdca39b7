#pragma once
// Moving the slots of a plan to another place of the sequence, or into another order.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/core/host_device.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// A slot of a plan over a part of the sequence, as a slot over the whole, where the part begins at token `by`. The
/// start of a part is the token before it.
[[nodiscard]] ORDO_HD constexpr Slot moved(Slot slot, std::int32_t by) {
  if (by == 0) return slot;
  if (slot.shows == Shows::start) {
    slot.shows = Shows::token;
    slot.index = by - 1;
  } else if (slot.shows == Shows::token) {
    slot.index += by;
  }
  slot.position += by;
  if (slot.target != absent) slot.target += by;
  if (slot.target_position != absent) slot.target_position += by;
  return slot;
}

/// Moves the slots from number `first` on.
template <class Slots>
ORDO_HD void move_slots(Slots& slots, std::size_t first, std::int32_t by) {
  for (std::size_t s = first; s < slots.size(); ++s) slots[s] = moved(slots[s], by);
}

/// A slot of a plan over a sequence in another order, as a slot over the sequence itself: what stands at place i
/// there is token order[i]. With `tell`, a slot that predicts is told its target's position.
[[nodiscard]] inline Slot reordered(Slot slot, const std::vector<std::int32_t>& order, bool tell) {
  const auto token = [&](std::int32_t i) { return order[static_cast<std::size_t>(i)]; };
  if (slot.shows == Shows::token) slot.index = token(slot.index);
  if (slot.shows != Shows::start) slot.position = token(slot.position - 1) + 1;
  if (slot.target != absent) slot.target = token(slot.target);
  if (slot.target != absent && (tell || slot.target_position != absent)) return slot.told();
  return slot;
}

/// Reorders the slots from number `first` on.
template <class Slots>
void reorder_slots(Slots& slots, std::size_t first, const std::vector<std::int32_t>& order, bool tell) {
  for (std::size_t s = first; s < slots.size(); ++s) slots[s] = reordered(slots[s], order, tell);
}

}  // namespace ordo
