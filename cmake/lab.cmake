# ordo::lab: what the headers under ordo/lab/ need besides ordo::ordo: the optimisers of LBFGS++ (header-only, on Eigen).

if(NOT TARGET ordo::lab)
  find_path(ORDO_LBFGSPP_INCLUDE_DIR LBFGSB.h DOC "Folder that holds LBFGS++'s LBFGSB.h")
  mark_as_advanced(ORDO_LBFGSPP_INCLUDE_DIR)
  if(NOT ORDO_LBFGSPP_INCLUDE_DIR)
    message(FATAL_ERROR "ordo: ordo::lab was asked for but LBFGS++ is not found (Debian: liblbfgspp-dev; otherwise set "
                        "ORDO_LBFGSPP_INCLUDE_DIR)")
  endif()
  add_library(ordo_lab INTERFACE)
  add_library(ordo::lab ALIAS ordo_lab)
  target_include_directories(ordo_lab SYSTEM INTERFACE ${ORDO_LBFGSPP_INCLUDE_DIR})
  target_link_libraries(ordo_lab INTERFACE ordo::ordo)
endif()
