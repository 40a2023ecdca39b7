// The second translation unit with the same headers.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ordo_headers.hpp"

std::size_t slots_of_a_plan(std::int32_t length) {
  ordo::RandomChoices choices(7, ordo::Purpose::plan, 0);
  std::vector<ordo::Slot> slots;
  ordo::LeftToRight{}.plan(ordo::Shape{.length = length}, choices, slots);
  return slots.size();
}
