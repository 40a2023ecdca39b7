# `cmake --install`: the headers, and what find_package(ordo) reads. Nothing depends on the architecture.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(ORDO_INSTALL_CMAKEDIR "${CMAKE_INSTALL_DATADIR}/cmake/ordo" CACHE STRING "Where find_package(ordo) finds it")
mark_as_advanced(ORDO_INSTALL_CMAKEDIR)

target_include_directories(ordo INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS ordo EXPORT ordo_targets)
install(EXPORT ordo_targets FILE ordo_targets.cmake NAMESPACE ordo:: DESTINATION ${ORDO_INSTALL_CMAKEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ordo DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ordoConfig.cmake.in ${PROJECT_BINARY_DIR}/ordoConfig.cmake
                              INSTALL_DESTINATION ${ORDO_INSTALL_CMAKEDIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ordoConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/ordoConfig.cmake ${PROJECT_BINARY_DIR}/ordoConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FindRandom123.cmake
              ${CMAKE_CURRENT_LIST_DIR}/native.cmake ${CMAKE_CURRENT_LIST_DIR}/onednn.cmake
              ${CMAKE_CURRENT_LIST_DIR}/lab.cmake ${CMAKE_CURRENT_LIST_DIR}/cuda.cmake
        DESTINATION ${ORDO_INSTALL_CMAKEDIR})
