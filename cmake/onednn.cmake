# ordo::onednn: matrix products by oneDNN in the CPU backend instead of Eigen's.
# Found by its files: the package's own CMake file asks for OpenCL's headers, which ordo has no use for.

if(NOT TARGET ordo::onednn)
  find_path(ORDO_ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp DOC "Folder that holds oneapi/dnnl/dnnl.hpp")
  find_library(ORDO_ONEDNN_LIBRARY dnnl DOC "oneDNN's library")
  mark_as_advanced(ORDO_ONEDNN_INCLUDE_DIR ORDO_ONEDNN_LIBRARY)
  if((NOT ORDO_ONEDNN_INCLUDE_DIR OR NOT ORDO_ONEDNN_LIBRARY) AND ORDO_ONEDNN_OPTIONAL)
    message(STATUS "ordo: oneDNN not found (Debian: libdnnl-dev): programs and benches multiply matrices with Eigen, "
                   "which takes longer")
    return()
  elseif(NOT ORDO_ONEDNN_INCLUDE_DIR OR NOT ORDO_ONEDNN_LIBRARY)
    message(FATAL_ERROR "ordo: oneDNN was asked for but not found (Debian: libdnnl-dev; otherwise set "
                        "ORDO_ONEDNN_INCLUDE_DIR and ORDO_ONEDNN_LIBRARY)")
  endif()
  add_library(ordo_onednn INTERFACE)
  add_library(ordo::onednn ALIAS ordo_onednn)
  target_compile_definitions(ordo_onednn INTERFACE ORDO_USE_ONEDNN)
  target_include_directories(ordo_onednn SYSTEM INTERFACE ${ORDO_ONEDNN_INCLUDE_DIR})
  target_link_libraries(ordo_onednn INTERFACE ${ORDO_ONEDNN_LIBRARY})
endif()
