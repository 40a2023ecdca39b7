#!/bin/sh
# Times training steps of ordo and of PyTorch on the same model and threads, interleaved: every round runs each
# program once, so that a disturbance of the machine meets them alike. Prints the medians over rounds, their spread,
# and the ratio to PyTorch eager. Needs a build with the benches and a Python with torch.
# Usage: run.sh FOLDER_OF_BENCHES PYTHON [ROUNDS] [FOLDER_OF_BENCHES_WITH_ONEDNN]
set -eu
benches=$1
python=$2
rounds=${3:-5}
onednn=${4:-}
here=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# one WHO SHAPE FACTORIZATION COMMAND...: notes the tokens per second of the line that the command prints.
one() {
  who=$1 shape=$2 factorization=$3
  shift 3
  rate=$("$@" | sed -n 's/.*"tokens_per_s": \([0-9.]*\).*/\1/p' | tail -n 1)
  echo "$shape $factorization $who $rate" | tee -a "$log" >&2
}

for round in $(seq "$rounds"); do
  for shape in 7m-byte 124m; do
    case $shape in 124m) steps=4 ;; *) steps=8 ;; esac
    for factorization in ltr masked; do
      one ordo-eigen $shape $factorization "$benches/step" --shape $shape --factorization $factorization --steps $steps
      if [ -n "$onednn" ]; then
        one ordo-onednn $shape $factorization "$onednn/step" --shape $shape --factorization $factorization --steps $steps
      fi
      one torch-eager $shape $factorization "$python" "$here/torch_step.py" --shape $shape --factorization $factorization \
        --steps $steps
    done
  done
done

sort "$log" | awk '
  { key = $1 " " $2 " " $3; n[key]++; value[key, n[key]] = $4; if (!(key in seen)) { seen[key] = 1; order[++keys] = key } }
  function middle(key,   i, j, t, m) {
    m = n[key]
    for (i = 2; i <= m; ++i) for (j = i; j > 1 && value[key, j - 1] > value[key, j]; --j) {
      t = value[key, j]; value[key, j] = value[key, j - 1]; value[key, j - 1] = t
    }
    return m % 2 ? value[key, (m + 1) / 2] : (value[key, m / 2] + value[key, m / 2 + 1]) / 2
  }
  END {
    printf "%-8s %-7s %-12s %12s %25s %10s\n", "shape", "policy", "program", "tokens/s", "lowest .. highest", "x torch"
    for (k = 1; k <= keys; ++k) median[order[k]] = middle(order[k])
    for (k = 1; k <= keys; ++k) {
      split(order[k], part, " ")
      base = median[part[1] " " part[2] " torch-eager"]
      printf "%-8s %-7s %-12s %12.1f %12.1f .. %9.1f %10.2f\n", part[1], part[2], part[3], median[order[k]],
        value[order[k], 1], value[order[k], n[order[k]]], (base > 0 ? median[order[k]] / base : 0)
    }
  }'
