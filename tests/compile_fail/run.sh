#!/bin/sh
# Passes when a file does not compile and the compiler says what the file's first line expects:
#   // expect: <part of the message>
# Usage: run.sh COMPILER FLAGS_FILE FILE
set -u
compiler=$1 flags=$2 file=$3

expected=$(sed -n '1s|^// expect: *||p' "$file")
if [ -z "$expected" ]; then
  echo "$file: the first line must read '// expect: <part of the compiler's message>'"
  exit 1
fi
if output=$(LC_ALL=C "$compiler" "@$flags" -fsyntax-only "$file" 2>&1); then
  echo "$file: compiled, but must not"
  exit 1
fi
# The compiler quotes source lines: what the file itself says is no message. So look only at error and note lines.
messages=$(printf '%s\n' "$output" | grep -E '(error|note|required|satisfied)')
case $output in
  *"No such file or directory"* | *"file not found"*)
    echo "$file: fails for a missing header"
    printf '%s\n' "$output"
    exit 1
    ;;
esac
if printf '%s\n' "$messages" | grep -qF -- "$expected"; then
  echo "rejected, with: $expected"
else
  echo "$file: does not compile, but the message lacks: $expected"
  printf '%s\n' "$output"
  exit 1
fi
