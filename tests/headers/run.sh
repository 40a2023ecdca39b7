#!/bin/sh
# Compiles every header under a folder alone, twice in a row (so that its guard is seen too), without code.
# Usage: run.sh COMPILER FLAGS_FILE INCLUDE_FOLDER [JOBS]        exit 0: all compile; 1: not, and says which
set -u
export compiler=$1 flags=$2
include=$3
jobs=${4:-2}

count=$(find "$include" -name '*.hpp' | wc -l)
if [ "$count" -eq 0 ]; then
  echo "no header found under $include"
  exit 1
fi

# One shell a header; xargs exits with 123 when any of them failed.
if (cd "$include" && find . -name '*.hpp' | sed 's|^\./||' | sort) | xargs -P "$jobs" -I '{}' sh -c '
    printf "#include <%s>\n#include <%s>\n" "$1" "$1" |
      "$compiler" "@$flags" -Werror -fsyntax-only -x c++ - || { echo "does not compile alone: $1"; exit 1; }' sh '{}'
then
  echo "$count headers compile alone"
else
  exit 1
fi
