// expect: Choices
// Choices come from a source that can be enumerated, never from a generator of one's own.
#include <random>
#include <vector>

#include <ordo/factorization/left_to_right.hpp>

void use() {
  std::mt19937 generator;
  std::vector<ordo::Slot> slots;
  (void)ordo::LeftToRight{}.plan({4}, generator, slots);
}
