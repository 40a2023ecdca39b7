// The cases of bf16.hpp on an emulated device.

#define ORDO_EMULATE_CUDA

#include "bf16.hpp"
