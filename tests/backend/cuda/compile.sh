#!/bin/sh
# Compiles every kernel for the architectures that ordo is written for, and lists what ptxas says of each: registers,
# stack, spills. Usage: compile.sh SOURCE_FOLDER WORK_FOLDER [ARCHITECTURE...]
# exit 0: all compile, and kernels.txt is in the work folder; 1: not; 77: there is no nvcc
set -u
source=$1 work=$2
shift 2
[ $# -gt 0 ] || set -- 80 90a 100
if ! command -v nvcc > /dev/null; then
  echo "skipped: there is no nvcc (CUDA Toolkit 12 or later)"
  exit 77
fi
mkdir -p "$work"
log=$work/ptxas.log
codes=
for arch in "$@"; do codes="$codes -gencode arch=compute_$arch,code=sm_$arch"; done
# One call, so that what the host sees is read once; -O0 is of the host's code alone. A warning of nvcc 13 about
# conversions that const types never need is silenced.
if ! nvcc -std=c++20 -O0 --expt-relaxed-constexpr -diag-suppress 554,20011,20014 -Xptxas -v $codes -I"$source/include" \
  -c "$source/tests/backend/cuda/operations.cu" -o "$work/operations.o" 2> "$log"; then
  cat "$log"
  echo "does not compile for$codes"
  exit 1
fi
# What ptxas says where it gives up the overlap of products with other work, or the registers that were asked for.
if grep -E '\(C75(06|07|08|09|10|11|12|13|14)\)' "$log"; then
  echo "ptxas takes speed from a kernel"
  exit 1
fi
c++filt < "$log" | tr -d "'" | awk '
  /Compiling entry function/ { arch = $NF; name = $0; sub(/.*entry function /, "", name); sub(/ for sm_.*/, "", name) }
  /bytes stack frame/ { stack = $1; spills = $5 + $9 }
  /Used [0-9]+ registers/ {
    for (i = 1; i < NF; ++i) if ($i == "Used") registers = $(i + 1)
    if (name ~ /ordo::cuda/) {
      sub(/^void /, "", name); gsub(/ordo::cuda::|ordo::/, "", name); sub(/\(.*/, "", name)
      printf "%s %d registers, %d bytes of stack, %d spilled  %s\n", arch, registers, stack, spills, name
    }
  }' | sort -k1,1 -k10 > "$work/kernels.txt"
cat "$work/kernels.txt"
# Every file of a program has its own kernels: two that include the same header must link.
if nm "$work/operations.o" | grep ' T .*_kernel'; then
  echo "these kernels would be defined twice in a program of two files"
  exit 1
fi
for arch in "$@"; do
  if ! grep -q "^sm_$arch .*attention_kernel" "$work/kernels.txt"; then
    echo "ptxas named no attention kernel for sm_$arch"
    exit 1
  fi
done
