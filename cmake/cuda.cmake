# ordo::cuda: what .cu files need that include ordo/cuda.cuh. The CUDA Toolkit (12 or later) and nothing more.

if(NOT TARGET ordo::cuda)
  find_package(CUDAToolkit 12 REQUIRED)
  add_library(ordo_cuda INTERFACE)
  add_library(ordo::cuda ALIAS ordo_cuda)
  # The standard by its flag: CMake 3.25 does not know that nvcc 13 has it. Rules and draws are constexpr functions of
  # both sides. 554: conversions that const types never need. 20011, 20014: functions of both sides that are templates over
  # what only the host has.
  target_compile_options(ordo_cuda INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;--expt-relaxed-constexpr;-diag-suppress=554,20011,20014>")
  target_link_libraries(ordo_cuda INTERFACE ordo::ordo CUDA::cudart CUDA::cublasLt)
endif()
