#!/bin/sh
# How long programs take to compile: the hello program, and one that trains, scores and samples under a plain policy
# and under nestings of depth 2 and 3, interleaved. Prints the median user time of each and the ratio to the plain
# policy. Usage: compile_time.sh [ROUNDS] [COMPILER AND FLAGS]
set -eu
rounds=${1:-3}
[ $# -eq 0 ] || shift
root=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -eq 0 ]; then set -- g++ -O2 -march=native -fno-math-errno -fno-trapping-math; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program NAME POLICY: hello.cpp with another policy.
program() { sed "s/ordo::MaskedDiffusion<>, ordo::Cpu/$2, ordo::Cpu/" "$root/examples/hello.cpp" > "$work/$1.cpp"; }
program hello 'ordo::MaskedDiffusion<>'
program depth1 'ordo::LeftToRight'
program depth2 'ordo::Blockwise<16, ordo::MaskedDiffusion<>>'
program depth3 'ordo::NoisyInputs<ordo::Orderings<4, ordo::Blockwise<16, ordo::MaskedDiffusion<>>>, std::ratio<1, 10>>'
sed -i '1i #include <ratio>' "$work/depth3.cpp"

for round in $(seq "$rounds"); do
  for name in hello depth1 depth2 depth3; do
    # user time of the compiler alone [s]
    seconds=$( { TIMEFORMAT=%U; export TIMEFORMAT; bash -c 'time "$@" >&3' time "$@" -std=c++20 -I"$root/include" \
      -isystem /usr/include/eigen3 -c "$work/$name.cpp" -o "$work/$name.o" 3>&1 1>&2; } 2>&1 | tail -n 1)
    echo "$name $seconds"
  done
done | sort -k1,1 -k2,2n | awk '
  { n[$1]++; value[$1, n[$1]] = $2 }
  function middle(k) { return value[k, int((n[k] + 1) / 2)] }
  END {
    for (k in n) printf "%-8s %6.1f s (%s .. %s), %.2f x depth1\n", k, middle(k), value[k, 1], value[k, n[k]],
      middle(k) / middle("depth1")
  }' | sort
