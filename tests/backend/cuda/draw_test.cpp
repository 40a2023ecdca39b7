// The cases of draw.hpp on an emulated device.

#define ORDO_EMULATE_CUDA

#include <support/mirrored_device.hpp>

using TestedDevice = ordo::testing::MirroredDevice;

#include "draw.hpp"
