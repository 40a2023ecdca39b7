# What ordo::ordo needs. All but Threads are header-only. Global, so that a parent project that adds ordo as a
# subdirectory sees the targets that ordo::ordo names.

list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})  # FindRandom123.cmake
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(Random123 REQUIRED)
find_package(Threads REQUIRED)
unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
list(POP_FRONT CMAKE_MODULE_PATH)
