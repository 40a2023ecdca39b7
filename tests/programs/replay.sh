#!/bin/sh
# A run that is killed again and again, also in the middle of its writes, ends with the same bytes as one that was
# never stopped. Usage: replay.sh FOLDER_OF_PROGRAMS WORK_FOLDER
set -eu
. "$(dirname "$0")/common.sh"
write_text text.txt 1500 7

for factorization in masked orderings:4; do
  rm -rf whole killed asked
  # A checkpoint after every step: most of the time is then spent in writing one.
  set -- "$programs/train" --data text.txt --validation 0.2 --factorization $factorization --layers 2 --width 32 \
    --heads 2 --context 32 --batch 8 --epochs 30 --evaluations 7 --evaluation-windows 8 --draws 2 --average 0.9 \
    --threads 2 --seed 5 --checkpoint-steps 1
  "$@" --out whole > whole.log 2>&1

  kills=0
  delay=0
  while :; do
    "$@" --out killed > killed.log 2>&1 &
    pid=$!
    delay=$(((delay + 7) % 25))
    sleep 0.$((10 + delay))
    if [ $kills -ge 12 ] || ! kill -KILL $pid 2> kill.log; then break; fi
    wait $pid 2> wait.log || true
    kills=$((kills + 1))
  done
  wait $pid || { echo "the resumed run failed:"; cat killed.log; exit 1; }
  if [ $kills -lt 3 ]; then echo "only $kills kills: the run is too short for this test"; exit 1; fi

  "$@" --out asked > asked.log 2>&1 &
  pid=$!
  sleep 0.3
  kill -INT $pid
  status=0
  wait $pid || status=$?
  if [ $status -ne 130 ]; then echo "SIGINT should end with 130 (got $status):"; cat asked.log; exit 1; fi
  "$@" --out asked > asked.log 2>&1

  for other in killed asked; do
    for file in metrics.jsonl model.safetensors config.json; do
      cmp whole/$file $other/$file || { echo "$factorization: $other differs in $file"; exit 1; }
    done
    cmp whole/state-*.safetensors $other/state-*.safetensors || { echo "$factorization: $other differs in its state"; exit 1; }
  done
  echo "$factorization: the same bytes after $kills kills and one interruption"
done
