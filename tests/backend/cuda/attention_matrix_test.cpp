// Attention on matrix units, on an emulated device.

#define ORDO_EMULATE_CUDA

inline constexpr int repeats = 3;

#include "attention_matrix.hpp"
