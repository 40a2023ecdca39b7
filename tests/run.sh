#!/bin/sh
# Tests ordo with one command, on a fresh Debian or Ubuntu too: installs what is missing, builds in build/tests, runs
# the tests, and ends with CTest's summary. Usage: sh tests/run.sh [CMAKE OPTIONS]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/tests

. "$root/cmake/debian.sh"
ordo_install $ordo_packages

# The generator can be chosen only once for a build folder.
if [ ! -f "$build/CMakeCache.txt" ]; then set -- -G Ninja "$@"; fi
cmake -S "$root" -B "$build" "$@"
cmake --build "$build" --parallel "$(nproc)"
exec ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)"
