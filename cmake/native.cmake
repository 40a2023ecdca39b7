# ordo::native: flags for the machine that compiles. A header-only library is compiled with its user's flags, and
# without these x86 means SSE2: about a quarter of the speed. Link it to a whole program or to no part of it:
# different flags in two translation units break the one-definition rule.

include(CheckCXXCompilerFlag)

if(NOT TARGET ordo::native)
  add_library(ordo_native INTERFACE)
  add_library(ordo::native ALIAS ordo_native)

  check_cxx_compiler_flag(-march=native ORDO_HAS_MARCH_NATIVE)
  if(ORDO_HAS_MARCH_NATIVE)
    target_compile_options(ordo_native INTERFACE -march=native)
  else()
    check_cxx_compiler_flag(-mcpu=native ORDO_HAS_MCPU_NATIVE)
    if(ORDO_HAS_MCPU_NATIVE)
      target_compile_options(ordo_native INTERFACE -mcpu=native)
    else()
      message(WARNING "ordo::native: this compiler takes neither -march=native nor -mcpu=native; "
                      "add the flags for your processor to CMAKE_CXX_FLAGS")
    endif()
  endif()

  # Neither is ever read by ordo: errno after a mathematical function, and floating-point traps. Unlike
  # -ffast-math these two change no result.
  set(ordo_native_flags -fno-math-errno -fno-trapping-math)
  # With AVX-512 g++ 12 sets memory to constants such as {0, 1, 0, 1, 0, 0, 0, 0} by repeating the first eight bytes, and
  # so gets {0, 1, 0, 1, 0, 1, 0, 1}. It does not where it moves sixteen bytes at a time.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND ordo_native_flags -mmove-max=128 -mstore-max=128)
  endif()
  foreach(flag IN LISTS ordo_native_flags)
    string(MAKE_C_IDENTIFIER "ORDO_HAS${flag}" has_flag)
    check_cxx_compiler_flag(${flag} ${has_flag})
    if(${has_flag})
      target_compile_options(ordo_native INTERFACE ${flag})
    endif()
  endforeach()
  unset(ordo_native_flags)
endif()
