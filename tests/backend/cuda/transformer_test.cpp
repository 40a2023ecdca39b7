// The cases of transformer.hpp on an emulated device, whose memory the host cannot reach.

#define ORDO_EMULATE_CUDA
#define ORDO_CUDA_HEAD_SIZES 32

#include <catch2/catch.hpp>

#include <ordo/cuda.cuh>

inline constexpr std::size_t curve_steps = 40;

#include "transformer.hpp"
