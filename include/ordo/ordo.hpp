#pragma once
// ordo: one transformer, any order. Everything but the CUDA backend, which is ordo/cuda.cuh.

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/backend/reference/reference.hpp>
#include <ordo/without_backend.hpp>
