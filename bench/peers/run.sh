#!/bin/sh
# Times training steps of ordo and of PyTorch on the same model and threads, interleaved: every round runs each
# program once, so that a disturbance of the machine meets them alike. Prints the medians over rounds, their spread,
# and the ratio to PyTorch eager. Needs a build with the benches and a Python with torch.
# Usage: run.sh PYTHON ROUNDS NAME=FOLDER_OF_BENCHES...   (PYTHON is `none` to leave PyTorch out)
#   FACTORIZATIONS and SHAPES in the environment choose what is timed.
set -eu
python=$1
rounds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# one WHO SHAPE FACTORIZATION COMMAND...: notes the tokens per second of the line that the command prints.
one() {
  who=$1 shape=$2 factorization=$3
  shift 3
  line=$("$@" --shape "$shape" --factorization "$factorization" --steps "$steps" --warmup "$warmup" | tail -n 1)
  rate=$(echo "$line" | sed -n 's/.*"tokens_per_s": \([0-9.]*\).*/\1/p')
  share=$(echo "$line" | sed -n 's/.*"share_of_peak": \([0-9.]*\).*/\1/p')
  echo "$shape $factorization $who $rate ${share:--}" | tee -a "$log" >&2
}

for round in $(seq "$rounds"); do
  for shape in ${SHAPES:-7m-byte 124m}; do
    case $shape in 124m) steps=4 warmup=${WARMUP:-10} ;; *) steps=8 warmup=${WARMUP:-10} ;; esac
    for factorization in ${FACTORIZATIONS:-ltr masked}; do
      for build in "$@"; do one "ordo-${build%%=*}" $shape $factorization "${build#*=}/step"; done
      case $factorization in
        ltr | masked) [ "$python" = none ] || one torch-eager $shape $factorization "$python" "$here/torch_step.py" ;;
      esac
    done
  done
done

sort "$log" | awk '
  { key = $1 " " $2 " " $3; n[key]++; value[key, n[key]] = $4; part_of_peak[key, n[key]] = $5; if (!(key in seen)) { seen[key] = 1; order[++keys] = key } }
  function middle(of, key,   i, j, t, m) {  # sorts
    m = n[key]
    for (i = 2; i <= m; ++i) for (j = i; j > 1 && of[key, j - 1] + 0 > of[key, j] + 0; --j) {
      t = of[key, j]; of[key, j] = of[key, j - 1]; of[key, j - 1] = t
    }
    return m % 2 ? of[key, (m + 1) / 2] : (of[key, m / 2] + of[key, m / 2 + 1]) / 2
  }
  END {
    printf "%-8s %-13s %-12s %10s %22s %8s %8s %8s\n", "shape", "policy", "program", "tokens/s", "lowest .. highest",
      "x torch", "x ltr", "of peak"
    for (k = 1; k <= keys; ++k) median[order[k]] = middle(value, order[k])
    for (k = 1; k <= keys; ++k) {
      split(order[k], part, " ")
      torch = median[part[1] " " part[2] " torch-eager"]
      ltr = median[part[1] " ltr " part[3]]
      printf "%-8s %-13s %-12s %10.1f %10.1f .. %8.1f %8s %8s %8s\n", part[1], part[2], part[3], median[order[k]],
        value[order[k], 1], value[order[k], n[order[k]]], (torch > 0 ? sprintf("%.2f", median[order[k]] / torch) : "-"),
        (ltr > 0 ? sprintf("%.2f", median[order[k]] / ltr) : "-"), middle(part_of_peak, order[k])
    }
  }'
