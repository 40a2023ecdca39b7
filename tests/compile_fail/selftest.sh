#!/bin/sh
# The runner must refuse a file that compiles, one that fails with another message, one whose message stands only in
# its own source, one without an expectation, and one that lacks a header.
# Usage: selftest.sh COMPILER
set -u
here=$(dirname "$0")
compiler=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '-std=c++20' >"$work/flags"
failures=0

# expect STATUS WHAT TEXT
expect() {
  printf '%b\n' "$3" >"$work/case.cpp"
  sh "$here/run.sh" "$compiler" "$work/flags" "$work/case.cpp" >"$work/out" 2>&1
  status=$?
  if [ "$status" -ne "$1" ]; then
    echo "$2: expected exit $1, got $status"
    cat "$work/out"
    failures=$((failures + 1))
  fi
}

expect 1 "a file that compiles" '// expect: wrong size\nint main() {}'
expect 1 "another message" '// expect: wrong size\nstatic_assert(false, "wrong colour");'
expect 1 "a message only in the source" '// expect: wrong size\nint x = wrong_type(0); // wrong size'
expect 1 "no expectation" 'static_assert(false, "wrong size");'
expect 1 "a missing header" '// expect: absent\n#include <absent.hpp>'
expect 0 "the expected message" '// expect: wrong size\nstatic_assert(false, "wrong size");'

[ "$failures" -eq 0 ]
