// The cases of bf16.hpp on an emulated device.

#define ORDO_EMULATE_CUDA
#define ORDO_CUDA_HEAD_SIZES 32

#include "bf16.hpp"
