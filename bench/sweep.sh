#!/bin/sh
# What a sweep costs over plain training, and how busy it keeps the cores: the same models by `sweep`, one at a time, and by
# one `train` after the other, interleaved; then by a sweep on all cores.
# Usage: sweep.sh FOLDER_OF_PROGRAMS TRAINING_TEXT VALIDATION_TEXT [ROUNDS]
set -eu
programs=$1 text=$2 validation=$3 rounds=${4:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Eight models of some seconds each, as in a study of small ones.
cat > "$work/grid.json" <<'JSON'
{
  "factorizations": ["ltr", "masked"],
  "sizes": [{"layers": 2, "width": 64, "heads": 4}],
  "unique_tokens": [30000, 90000],
  "epochs": [8],
  "seeds": [0, 1],
  "learning_rate": 2e-3
}
JSON
# seconds WALL|CPU COMMAND...: how long a command takes, by the clock or of all cores together
seconds() {
  what=$1
  shift
  { TIMEFORMAT='%R %U %S'; export TIMEFORMAT; bash -c 'time "$@" > /dev/null 2>&1' time "$@"; } 2>&1 | tail -n 1 |
    awk -v what="$what" '{ print what == "WALL" ? $1 : $2 + $3 }'
}
plain() {
  for factorization in ltr masked; do
    for unique in 30000 90000; do
      for seed in 0 1; do
        rm -rf "$work/model"
        "$programs/train" --data "$text" --validation "$validation" --factorization "$factorization" --layers 2 \
          --width 64 --heads 4 --context 128 --init-std 0.06 --unique-tokens "$unique" --epochs 8 --batch 8 \
          --learning-rate 2e-3 --seed "$seed" --threads 1 --evaluations 12 --evaluation-windows 64 --draws 4 \
          --out "$work/model" > /dev/null 2>&1
      done
    done
  done
}
swept() {
  rm -rf "$work/results"
  "$programs/sweep" --grid "$work/grid.json" --data "$text" --validation "$validation" --out "$work/results" "$@" \
    > /dev/null
}
run_seconds() { sed 's/.*"seconds"://; s/[,}].*//' "$work/results/results.jsonl" | awk '{ sum += $1 } END { print sum }'; }
now() { date +%s.%N; }

for round in $(seq "$rounds"); do
  a=$(now)
  plain
  b=$(now)
  swept --jobs 1
  c=$(now)
  own=$(run_seconds)
  echo "$a $b $c $own" | awk '{ printf "train %.2f\nsweep %.2f\nrest %.2f\n", $2 - $1, $3 - $2, $3 - $2 - $4 }'
done | sort -k1,1 -k2,2n | awk '
  { n[$1]++; value[$1, n[$1]] = $2 }
  function middle(k) { return value[k, int((n[k] + 1) / 2)] }
  function show(k, text) { printf "%s %.2f s (%.2f .. %.2f)", text, middle(k), value[k, 1], value[k, n[k]] }
  END {
    show("train", "8 models by train:"); print ""
    show("sweep", "by a sweep, one at a time, with its scores:")
    printf ", %+.1f %%\n", 100 * (middle("sweep") / middle("train") - 1)
    show("rest", "of that beside the runs themselves (reading, claiming, writing):")
    printf ", %.1f %%\n", 100 * middle("rest") / middle("sweep")
  }'

cores=$(nproc)
cat > "$work/run.sh" <<RUN
set -eu
rm -rf "$work/results"
"$programs/sweep" --grid "$work/grid.json" --data "$text" --validation "$validation" --out "$work/results"
RUN
a=$(now)
busy=$(seconds CPU sh "$work/run.sh")
b=$(now)
echo "$a $b $busy $cores" | awk '{ printf "on all %d cores: %.2f s, busy %.1f %% of the time\n", $4, $2 - $1, 100 * $3 / ($2 - $1) / $4 }'
