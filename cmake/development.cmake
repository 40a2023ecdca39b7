# What ordo's own tests, examples and benches are compiled with: target `ordo_own`, never installed.

option(ORDO_WERROR "Treat warnings in ordo's own programs as errors" OFF)
set(ORDO_SANITIZE "" CACHE STRING "Sanitizers for ordo's own programs: address,undefined or thread")

if(NOT ORDO_NATIVE AND NOT CMAKE_CXX_FLAGS MATCHES "-m(arch|cpu)=")
  message(STATUS "ordo: ORDO_NATIVE is off and no -march is set: tests, examples and benches use the compiler's "
                 "baseline instructions (SSE2 on x86), about a quarter of the speed")
endif()

add_library(ordo_own INTERFACE)
target_link_libraries(ordo_own INTERFACE ordo::ordo $<TARGET_NAME_IF_EXISTS:ordo::lab>)
target_compile_options(ordo_own INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes "text" + std::string for overlapping memory (bug 105651), and finds numbers without a value in its own
  # AVX-512 header (bug 105593).
  target_compile_options(ordo_own INTERFACE -fconcepts-diagnostics-depth=3 -Wno-restrict -Wno-maybe-uninitialized
                                            -Wno-uninitialized)
endif()
if(ORDO_WERROR)
  target_compile_options(ordo_own INTERFACE -Werror)
endif()
if(ORDO_NATIVE)
  target_link_libraries(ordo_own INTERFACE ordo::native)
endif()
if(ORDO_SANITIZE)
  target_compile_options(ordo_own INTERFACE -fsanitize=${ORDO_SANITIZE} -fno-sanitize-recover=all
                                            -fno-omit-frame-pointer -g1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND ORDO_SANITIZE MATCHES "address"
     AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13 AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
    # Off when these versions' programs run, unless they are told otherwise; but its code is made.
    target_compile_options(ordo_own INTERFACE -fsanitize-address-use-after-return=never)
  endif()
  target_link_options(ordo_own INTERFACE -fsanitize=${ORDO_SANITIZE})
endif()

# What programs and benches link: oneDNN's matrix products where they are at hand. Tests use the default, Eigen's.
add_library(ordo_own_programs INTERFACE)
target_link_libraries(ordo_own_programs INTERFACE ordo_own)
if(TARGET ordo::onednn)
  target_link_libraries(ordo_own_programs INTERFACE ordo::onednn)
endif()
