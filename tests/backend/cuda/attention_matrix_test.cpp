// Attention on matrix units, on an emulated device.

#define ORDO_EMULATE_CUDA

inline constexpr int repeats = 3;

#include "attention_matrix.hpp"

TEST_CASE("products of four warps wait for what they read, however late copies and products are") {
  ordo::cuda::emulated::Lateness& late = ordo::cuda::emulated::lateness();
  const ordo::cuda::emulated::Lateness before = late;
  for (const bool copies : {false, true}) {
    for (const bool products : {false, true}) {
      INFO("late copies " << copies << ", late products " << products);
      late = {copies, products};
      check_way(Way::warpgroup, {70, 530}, Causal{}, Asking::every, 0.1, 64, 1);
      check_way(Way::warpgroup, {300}, Full{}, Asking::every, 0.0, 128, 1);
    }
  }
  late = before;
}
