// The cases of decode.hpp on an emulated device.

#define ORDO_EMULATE_CUDA

#include "decode.hpp"
