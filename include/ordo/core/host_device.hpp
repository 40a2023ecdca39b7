#pragma once
// Marks functions that a CUDA kernel may call as well: rules, draws and index arithmetic are written once.

#ifdef __CUDACC__
#define ORDO_HD __host__ __device__
#else
#define ORDO_HD
#endif
