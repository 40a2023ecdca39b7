// The cases of network.hpp on an emulated device, whose memory the host cannot reach.

#define ORDO_EMULATE_CUDA
#define ORDO_CUDA_HEAD_SIZES 32

#include <catch2/catch.hpp>

#include "network.hpp"
