// The CUDA backend's operations on an emulated device: the same source, threads taking turns on the host.

#define ORDO_EMULATE_CUDA

#include <support/mirrored_device.hpp>

using TestedDevice = ordo::testing::MirroredDevice;

#include "agreement.hpp"
