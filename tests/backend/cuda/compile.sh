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
: > "$work/kernels.txt"
for arch in "$@"; do
  # A warning of nvcc 13 about conversions that const types never need is silenced.
  if ! nvcc -std=c++20 -O2 --expt-relaxed-constexpr -diag-suppress 554,20011,20014 -Xptxas -v \
    -gencode "arch=compute_$arch,code=sm_$arch" -I"$source/include" \
    -c "$source/tests/backend/cuda/operations.cu" -o "$work/operations_$arch.o" 2> "$work/ptxas_$arch.log"; then
    cat "$work/ptxas_$arch.log"
    echo "does not compile for sm_$arch"
    exit 1
  fi
  # What ptxas says where it gives up the overlap of products with other work, or the registers that were asked for.
  if grep -E '\(C75(06|07|08|09|10|11|12|13|14)\)' "$work/ptxas_$arch.log"; then
    echo "ptxas takes speed from a kernel for sm_$arch"
    exit 1
  fi
  c++filt < "$work/ptxas_$arch.log" | awk -v arch="sm_$arch" '
    /Compiling entry function/ { name = $0; sub(/.*entry function ./, "", name); sub(/. for .sm_.*/, "", name) }
    /bytes stack frame/ { stack = $1; spills = $5 + $9 }
    /Used [0-9]+ registers/ {
      for (i = 1; i < NF; ++i) if ($i == "Used") registers = $(i + 1)
      if (name ~ /ordo::cuda/) {
        sub(/^void /, "", name); gsub(/ordo::cuda::|ordo::/, "", name); sub(/\(.*/, "", name)
        printf "%s %d registers, %d bytes of stack, %d spilled  %s\n", arch, registers, stack, spills, name
      }
    }' | sort -k8 >> "$work/kernels.txt"
done
cat "$work/kernels.txt"
# Every file of a program has its own kernels: two that include the same header must link.
if nm "$work/operations_$1.o" | grep ' T .*_kernel'; then
  echo "these kernels would be defined twice in a program of two files"
  exit 1
fi
if ! grep -q attention_kernel "$work/kernels.txt"; then
  echo "ptxas named no attention kernel"
  exit 1
fi
