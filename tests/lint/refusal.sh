#!/bin/sh
# Where the one-command scripts cannot install what they need, they must name it and stop with exit 1.
# Usage: refusal.sh ROOT
set -u
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# A machine with nothing but a shell; then one with apt-get, where nothing is installed and the user has no rights.
mkdir "$work/bare" "$work/user"
for tool in sh dirname; do
  ln -s "$(command -v $tool)" "$work/bare/$tool"
  ln -s "$(command -v $tool)" "$work/user/$tool"
done
tool() { printf '#!%s\n%s\n' "$(command -v sh)" "$2" >"$work/user/$1" && chmod +x "$work/user/$1"; }
tool apt-get 'echo "apt-get ran"'
tool dpkg-query 'exit 1'
tool id 'echo 1000'
tool sudo 'exit 1'

# expect MACHINE SCRIPT WORDS
expect() {
  output=$(PATH=$work/$1 sh "$root/$2" 2>&1)
  status=$?
  for word in "$3" libeigen3-dev catch2; do
    case $output in *"$word"*) ;; *) status="$status, and '$word' is not said" ;; esac
  done
  case $output in *"apt-get ran"*) status="$status, and apt-get was called" ;; esac
  if [ "$status" != 1 ]; then
    printf '%s on machine "%s": expected exit 1, got %s:\n%s\n' "$2" "$1" "$status" "$output"
    failures=$((failures + 1))
  fi
}
for script in tests/run.sh examples/compare.sh examples/interpolate.sh; do
  expect bare $script "no apt-get"
  expect user $script "needs root or sudo"
done

[ "$failures" -eq 0 ]
