# ordo::cuda: what .cu files need that include ordo/backend/cuda. The CUDA Toolkit (12 or later) and nothing more.

if(NOT TARGET ordo::cuda)
  find_package(CUDAToolkit 12 REQUIRED)
  add_library(ordo_cuda INTERFACE)
  add_library(ordo::cuda ALIAS ordo_cuda)
  target_compile_features(ordo_cuda INTERFACE cuda_std_20)
  # Rules and draws are constexpr functions of both sides.
  target_compile_options(ordo_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>)
  target_link_libraries(ordo_cuda INTERFACE ordo::ordo CUDA::cudart CUDA::cublas)
endif()
