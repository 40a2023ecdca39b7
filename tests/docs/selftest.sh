#!/bin/sh
# run.sh and links.sh must refuse what is wrong, and accept what is right. Usage: selftest.sh COMPILER
set -u
compiler=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf -- '-std=c++20\n-Wall\n' >"$work/flags"
failed=0

# page WANTED NAME BLOCK: a page with this block must give exit status WANTED.
page() {
  printf '# Title\n\n%b\n' "$3" >"$work/page.md"
  sh "$here/run.sh" "$compiler" "$work/flags" "$work/page.md" "$work/out" >"$work/log" 2>&1
  got=$?
  if [ "$got" -ne "$1" ]; then echo "run.sh, $2: exit $got, not $1"; cat "$work/log"; failed=1; fi
}
page 1 "code that does not compile" '```cpp\n#include <vector>\nint f() { return nothing; }\n```'
grep -q 'page.md:5' "$work/log" || { echo "run.sh does not name the line of the page"; cat "$work/log"; failed=1; }
page 1 "a warning" '```cpp\n#include <vector>\nint main() { int unused; }\n```'
page 1 "an unmarked fragment" '```cpp\nauto x = 1;\n```'
page 1 "an unknown mark" '```cpp runs\nint main() {}\n```'
page 1 "a block without an end" '```cpp\nint main() {}\n'
page 1 "a program that fails" '```cpp run\nint main() { return 3; }\n```'
page 1 "only the second block wrong" '```cpp\nint main() {}\n```\n\n```cpp\nint main() { nothing; }\n```'
page 1 "a page without code" 'Words.'
page 0 "whole files, a fragment and another language" \
  '```cpp run\nint main() {}\n```\n```cpp fragment\nx x\n```\n```sh\nint main(\n```\n```cpp\n#include <vector>\n```'

# link WANTED NAME LINE: a page with this line must give exit status WANTED.
link() {
  mkdir -p "$work/root/docs" "$work/root/include/ordo/core"
  touch "$work/root/include/ordo/core/slot.hpp"
  printf '# The Index, here\n\n[other](other.md)\n%b\n' "$3" >"$work/root/docs/index.md"
  printf '# Other `page`\n' >"$work/root/docs/other.md"
  sh "$here/links.sh" "$work/root" >"$work/log" 2>&1
  got=$?
  if [ "$got" -ne "$1" ]; then echo "links.sh, $2: exit $got, not $1"; cat "$work/log"; failed=1; fi
}
link 1 "a dead link" '[x](missing.md)'
link 1 "a dead anchor" '[x](other.md#missing)'
link 1 "a dead anchor in the page" '[x](#missing)'
link 1 "a missing picture" '![x](images/missing.png)'
link 1 "a missing header" 'see `core/missing.hpp`'
link 0 "all well" '[x](other.md#other-page) [y](#the-index-here) `core/slot.hpp` [z](https://example.org/missing)'
printf '# Lonely\n' >"$work/root/docs/lonely.md"
link 1 "a page that the index forgets" ''
[ "$failed" -eq 0 ] && echo "the checks of the pages refuse what is wrong"
exit "$failed"
