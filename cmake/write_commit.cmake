# Writes the commit of a source tree as C++, where it has changed: cmake -DGIT=git -DTREE=DIR -DFILE=commit.cpp -P this
cmake_minimum_required(VERSION 3.24)
set(commit "")
if(GIT)
  execute_process(COMMAND ${GIT} -C ${TREE} rev-parse --show-prefix
                  OUTPUT_VARIABLE within RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(failed EQUAL 0 AND within STREQUAL "")  # else the tree stands in a clone of something else
    execute_process(COMMAND ${GIT} -C ${TREE} describe --always --dirty
                    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
if(NOT commit)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${FILE} CONTENT "#include \"support/commit.hpp\"

const char* program::commit() { return \"${commit}\"; }
")
