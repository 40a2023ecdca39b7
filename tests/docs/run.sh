#!/bin/sh
# Compiles the C++ blocks of a Markdown page. Usage: run.sh COMPILER FLAGS_FILE PAGE WORK_FOLDER
#   ```cpp            a whole file: it must compile without a warning
#   ```cpp run        a whole program: it must also run and exit with 0
#   ```cpp fragment   not compiled
# exit 0: every block holds; 1: not, and says where (errors name the page and its line)
set -u
compiler=$1 flags=$2 page=$3 work=$4

rm -rf "$work" && mkdir -p "$work" || exit 1
# Writes each block to WORK/<line>.cpp and its kind to WORK/<line>.kind.
awk -v page="$page" -v work="$work" '
  /^```/ && inside {
    if (kind != "") {
      if (code !~ /(^|\n)#include/ && code !~ /int main/) { print page ":" start ": neither a whole file nor marked as a fragment"; bad = 1 }
      printf "#line %d \"%s\"\n%s", start + 1, page, code > (work "/" start ".cpp")
      print kind > (work "/" start ".kind")
      close(work "/" start ".cpp"); close(work "/" start ".kind")
    }
    inside = 0
    next
  }
  /^```/ {
    inside = 1; start = FNR; code = ""; kind = ""
    info = substr($0, 4)
    if (info == "cpp") kind = "check"
    else if (info == "cpp run") kind = "run"
    else if (info ~ /^(cpp|c\+\+|C\+\+)/ && info != "cpp fragment") { print page ":" FNR ": unknown block: " info; bad = 1 }
    next
  }
  inside { code = code $0 "\n" }
  END {
    if (inside) { print page ":" start ": the block has no end"; bad = 1 }
    exit bad
  }' "$page" || exit 1

count=0
for file in "$work"/*.cpp; do
  if [ ! -e "$file" ]; then echo "$page has no C++ to compile"; exit 1; fi
  if [ "$(cat "${file%.cpp}.kind")" = run ]; then
    "$compiler" "@$flags" -Werror -O1 "$file" -o "${file%.cpp}" -pthread || exit 1
    # In a folder of its own, since it may write files.
    mkdir "${file%.cpp}.folder"
    (cd "${file%.cpp}.folder" && "${file%.cpp}") || { echo "$page:$(basename "${file%.cpp}"): the program fails"; exit 1; }
  else
    "$compiler" "@$flags" -Werror -fsyntax-only "$file" || exit 1
  fi
  count=$((count + 1))
done
echo "$count blocks of $page hold"
