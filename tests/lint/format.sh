#!/bin/sh
# Checks every source file with clang-format 14 (other versions lay some lines out differently).
# Usage: format.sh ROOT        exit 0: well formatted; 1: not, and says where; 77: no clang-format 14, skipped
set -u
cd "$1" || exit 1
for candidate in clang-format-14 clang-format; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" --version | grep -q 'version 14\.'; then
    if output=$(find include tests examples bench \
      \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cuh' -o -name '*.cu' \) -exec "$candidate" --dry-run --Werror '{}' + 2>&1)
    then
      exit 0
    fi
    printf '%s\n' "$output" | grep ': error:' || printf '%s\n' "$output"
    echo "mend with: $candidate -i FILES"
    exit 1
  fi
done
echo "skipped: clang-format 14 is not installed (Debian 12: clang-format)"
exit 77
