#pragma once
// ordo on an NVIDIA GPU, for .cu files: everything but the backends of the host.

#include <ordo/backend/cuda/cuda.cuh>
#include <ordo/without_backend.hpp>
