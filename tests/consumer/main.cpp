// A user's smallest program. What counts here is that it finds the headers, compiles, links and runs.

#include <cstdint>
#include <iostream>
#include <vector>

#include <ordo/ordo.hpp>

int main() {
  ordo::RandomChoices choices(7, ordo::Purpose::plan, 0);
  std::vector<ordo::Slot> slots;
  ordo::LeftToRight{}.plan(ordo::Shape{.length = 5}, choices, slots);
  std::cout << ordo::LeftToRight{}.name() << " lays out " << slots.size() << " slots for 5 tokens\n";
  return slots.size() == 5 ? 0 : 1;
}
