#!/bin/sh
# The check of headers must refuse a header that needs another, one without a guard, and an empty folder.
# Usage: selftest.sh COMPILER
set -u
here=$(dirname "$0")
compiler=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf -- '-std=c++20\n-I%s/include\n' "$work" >"$work/flags"
failures=0

# expect STATUS MESSAGE WHAT: runs the check on $work/include; its output must hold MESSAGE.
expect() {
  sh "$here/run.sh" "$compiler" "$work/flags" "$work/include" >"$work/out" 2>&1
  status=$?
  if [ "$status" -ne "$1" ] || ! grep -qF -- "$2" "$work/out"; then
    echo "$3: expected exit $1 and '$2', got exit $status"
    cat "$work/out"
    failures=$((failures + 1))
  fi
  rm -rf "$work/include"
}
# header NAME TEXT
header() { mkdir -p "$work/include" && printf '%b\n' "$2" >"$work/include/$1"; }

mkdir "$work/include"
expect 1 "no header found" "an empty folder"
header needy.hpp '#pragma once\ninline std::string name();'
expect 1 "does not compile alone: needy.hpp" "a header that includes too little"
header twice.hpp 'struct Twice {};'
expect 1 "redefinition of" "a header without a guard"
header good.hpp '#pragma once\n#include <string>\ninline std::string name() { return {}; }'
expect 0 "1 headers compile alone" "a header that stands alone"

[ "$failures" -eq 0 ]
