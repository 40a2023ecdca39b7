#!/bin/sh
# On a machine with a GPU: builds the CUDA backend for it, runs the device tests, compute-sanitizer on them, and the
# benchmarks with their rivals, and leaves one report.
# Usage: device_check.sh [tests|sanitize|bench|attention|step|all|build] [REPORT_FOLDER]   default: all, build/device
#   bench: both attention (the kernels, beside PyTorch's) and step (whole training steps and sampling)
#   build: only makes the programs in REPORT_FOLDER, on a machine without a GPU too: ORDO_DEVICE_ARCH=90a says for which.
#     Elsewhere, with ORDO_DEVICE_PROGRAMS=REPORT_FOLDER, the other parts run those and build nothing.
# Needs nvcc; the headers of Catch2, Random123 and nlohmann-json, where they are not installed, in folders that CPATH
# names. For the rivals a python3 with PyTorch. exit 0: what was asked passed; 1: not; 77: there is no GPU
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
part=${1:-all}
out=${2:-$root/build/device}
case $part in
  tests | sanitize | bench | attention | step | all | build) ;;
  *)
    echo "device_check.sh: the part must be tests, sanitize, bench, attention, step, all or build (got $part)"
    exit 1
    ;;
esac
fail() { echo "device_check.sh: $*"; exit 1; }
commit=$(git -C "$root" describe --always --dirty 2> /dev/null || echo unknown)
programs=${ORDO_DEVICE_PROGRAMS:-$out}
if [ "$part" = build ]; then
  arch=${ORDO_DEVICE_ARCH:-}
  [ -n "$arch" ] || fail "build needs ORDO_DEVICE_ARCH, the compute capability to build for (say 90a)"
  programs=$out
else
  if ! command -v nvidia-smi > /dev/null || ! nvidia-smi > /dev/null 2>&1; then
    echo "skipped: there is no GPU"
    exit 77
  fi
  arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
  [ "$arch" = 90 ] && arch=90a
fi
mkdir -p "$out"
report=$out/report.txt
failed=0
say() { echo "$*" | tee -a "$report"; }
# build SOURCE PROGRAM: beside the others
builds=
build() {
  # shellcheck disable=SC2086 # two words
  nvcc -std=c++20 -O3 $split --expt-relaxed-constexpr -diag-suppress 554,20011,20014 \
    -gencode "arch=compute_$arch,code=sm_$arch" -I"$root/include" -I"$root/tests" "$root/$1" -o "$programs/$2" \
    -lcublasLt &
  builds="$builds $!"
}
: > "$report"
say "device_check.sh $part, $(date -u +%Y-%m-%dT%H:%MZ)"
say "commit $commit"
[ "$part" = build ] || nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee -a "$report"

if [ "$part" != build ] && [ -n "${ORDO_DEVICE_PROGRAMS:-}" ]; then
  built=$(cat "$programs/built" 2> /dev/null) || fail "nothing was built in $programs"
  # A copy of the files without their history cannot tell which commit it is.
  case $built in
    "$commit for $arch") ;;
    *" for $arch") [ "$commit" = unknown ] || fail "$programs is of $built, and this is $commit" ;;
    *) fail "$programs is of $built, and the device is $arch" ;;
  esac
  say "programs of $built, built elsewhere"
else
  command -v nvcc > /dev/null || fail "there is no nvcc (CUDA Toolkit 12 or later)"
  nvcc --version | tail -n 1 | tee -a "$report"
  split=
  nvcc --help | grep -q -- '^--split-compile <' && split='--split-compile 0'
  # All of it first: what does not compile should not cost a run.
  rm -f "$programs/built"
  begun=$(date +%s)
  case $part in tests | sanitize | all | build) build tests/backend/cuda/device_test.cu device_test ;; esac
  case $part in bench | attention | all | build) build bench/cuda/attention.cu attention ;; esac
  case $part in
    bench | step | all | build)
      build bench/cuda/step.cu step
      build bench/cuda/decode.cu decode
      ;;
  esac
  unbuilt=0
  for one in $builds; do
    wait "$one" || unbuilt=1
  done
  [ $unbuilt = 0 ] || exit 1
  say "built in $(($(date +%s) - begun)) s"
  if [ "$part" = build ]; then
    echo "$commit for $arch" > "$programs/built"
    exit 0
  fi
fi

# run NAME COMMAND...: its output in NAME.log; what failed is named
run() {
  name=$1
  shift
  if "$@" > "$out/$name.log" 2>&1; then return 0; fi
  failed=1
  say "$name FAILED: $(tail -n 3 "$out/$name.log")"
  return 1
}
if [ "$part" = tests ] || [ "$part" = all ]; then
  if run tests "$programs/device_test"; then say "tests: $(tail -n 2 "$out/tests.log" | head -n 1)"; fi
fi
if [ "$part" = sanitize ] || [ "$part" = all ]; then
  if ! command -v compute-sanitizer > /dev/null; then
    say "compute-sanitizer: not there, nothing was checked"
  else
    for tool in memcheck racecheck initcheck synccheck; do
      # Small shapes: every operation, and attention under block diffusion's rule.
      timeout 240 compute-sanitizer --tool "$tool" --error-exitcode 9 "$programs/device_test" -w NoTests \
        "the device's operations*,the device's linear*,the device's cross*,*attention agrees with the reference under block*,the device draws what the host draws where logits*" \
        > "$out/$tool.log" 2>&1
      case $? in
        0) say "$tool: clean" ;;
        124) say "$tool: timed out, nothing known" ;;
        *)
          if grep -qi 'not supported' "$out/$tool.log"; then say "$tool: refuses this device"; else
            failed=1
            say "$tool FAILED: $(grep -m 3 '=========' "$out/$tool.log"; tail -n 3 "$out/$tool.log")"
          fi
          ;;
      esac
    done
  fi
fi
# note NAME COMMAND...: its JSON lines go into the report
note() {
  if run "$@"; then grep '^{' "$out/$1.log" | tee -a "$report"; fi
}
if python3 -c 'import torch' 2> /dev/null; then peers=1; else peers=0; say "rivals: there is no PyTorch"; fi
# ordo, its rivals, and ordo again: the spread between runs.
case $part in
  bench | attention | all)
    note attention "$programs/attention"
    if [ $peers = 1 ]; then note attention-rivals python3 "$root/bench/peers/attention.py"; fi
    note attention-again "$programs/attention"
    ;;
esac
case $part in
  bench | step | all)
    for shape in 7m-byte 124m; do
      note "step-$shape" "$programs/step" $shape bf16 2
      for factorization in ltr masked; do
        if [ $peers = 1 ]; then
          note "step-$shape-$factorization-rival" python3 "$root/bench/peers/torch_step.py" --device cuda --compile \
            --precision bf16 --shape $shape --factorization $factorization --warmup 12 --steps 20 --repetitions 2
        fi
      done
      note "step-$shape-again" "$programs/step" $shape bf16 1
    done
    note decode "$programs/decode"
    ;;
esac
say "report: $report"
exit "$failed"
