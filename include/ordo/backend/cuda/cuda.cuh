#pragma once
// All operations of the CUDA backend.

#include <ordo/backend/cuda/adamw.cuh>
#include <ordo/backend/cuda/attention.cuh>
#include <ordo/backend/cuda/attention_gradient.cuh>
#include <ordo/backend/cuda/attention_routes.cuh>
#include <ordo/backend/cuda/backend.cuh>
#include <ordo/backend/cuda/cross_entropy.cuh>
#include <ordo/backend/cuda/draw.cuh>
#include <ordo/backend/cuda/embedding.cuh>
#include <ordo/backend/cuda/linear.cuh>
#include <ordo/backend/cuda/replay.cuh>
#include <ordo/backend/cuda/residual.cuh>
#include <ordo/backend/cuda/rms_norm.cuh>
#include <ordo/backend/cuda/rotary.cuh>
#include <ordo/backend/cuda/rows.cuh>
#include <ordo/backend/cuda/swiglu.cuh>
#include <ordo/backend/cuda/vector.cuh>
