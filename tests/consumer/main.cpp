// A user's program. What counts here is that it finds the headers, compiles, links and runs.

#include <cstddef>
#include <iostream>

#include "ordo_headers.hpp"

std::size_t slots_of_a_plan(std::int32_t length);  // second.cpp

int main() {
  std::cout << ordo::LeftToRight{}.name() << " lays out " << slots_of_a_plan(5) << " slots for 5 tokens\n";
  return slots_of_a_plan(5) == 5 ? 0 : 1;
}
