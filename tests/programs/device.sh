#!/bin/sh
# The programs on a GPU: a model trained there is scored and sampled here and there alike, a killed run goes on to the
# bit, and a run moves between backends where it is told to. Usage: device.sh FOLDER_OF_PROGRAMS WORK_FOLDER
# exit 77: the programs have no CUDA, or there is no GPU; then they must say so in one sentence.
set -eu
. "$(dirname "$0")/common.sh"
fail() { echo "$1"; exit 1; }

write_text train.txt 1200 5
write_text other.txt 400 6
tiny="--layers 2 --width 64 --heads 2 --context 32 --batch 8 --epochs 6 --checkpoint-steps 3"
exact="--precision fp32"
"$programs/train" --data train.txt $tiny --out host > host.log 2>&1
! grep -q "its products" host.log || fail "the host's products were measured"
"$programs/train" --data train.txt --layers 1000 --width 65536 --out large --device cuda > large.log 2>&1 &&
  fail "a model of terabytes was trained"
! grep -q "of this machine" large.log || fail "the host's memory was asked for a model on a GPU"
if ! "$programs/train" --data train.txt $tiny --out probe --device cuda > probe.log 2>&1; then
  grep -qE 'built without CUDA|no device|driver is missing' probe.log || fail "not what a machine without a GPU should say"
  [ "$(grep -c . probe.log)" -eq 1 ] || grep -q '^error: ' probe.log || fail "wanted one sentence"
  [ ! -e probe/model.safetensors ] || fail "a model was left"
  echo "skipped: $(tail -n 1 probe.log)"
  exit 77
fi
refuses 'must be below' "$programs/train" --data train.txt $tiny --out none --device cuda:99

for factorization in ltr masked 'mixture(1 ltr + 1 blockwise:8)'; do
  rm -rf there
  "$programs/train" --data train.txt --validation 0.2 --factorization "$factorization" $tiny --out there --device cuda \
    > train.log 2>&1
  grep -q "its products reach" train.log || fail "the rate of the device's products was not measured"
  for device in cpu cuda; do
    "$programs/evaluate" there --data other.txt --draws 4 --device $device $exact | cut -c 1-6 > score.$device.log
    "$programs/generate" there --count 3 --length 32 --temperature 0 --device $device $exact > sample.$device.log
  done
  cmp score.cpu.log score.cuda.log || fail "$factorization: other scores on the GPU"
  cmp sample.cpu.log sample.cuda.log || fail "$factorization: other samples on the GPU"
done

# Killed after a checkpoint, the run ends in the same bytes.
long="$tiny --epochs 60"
"$programs/train" --data train.txt $long --out whole --device cuda > whole.log 2>&1
"$programs/train" --data train.txt $long --out killed --device cuda > killed.log 2>&1 &
while [ ! -e killed/state.json ]; do
  kill -0 $! 2> /dev/null || fail "the run ended without a checkpoint"
  sleep 0.01
done
kill -9 $! 2> /dev/null || true
wait $! 2> /dev/null || true
[ ! -e killed/model.safetensors ] || fail "the run was over before it was killed: give it more epochs"
cp -r killed moved
"$programs/train" --data train.txt $long --out killed --device cuda > resumed.log 2>&1
cmp whole/model.safetensors killed/model.safetensors || fail "a killed run came to other weights"
refuses 'has backend = "cuda bf16' "$programs/train" --data train.txt $long --out moved
"$programs/train" --data train.txt $long --out moved --change-backend > moved.log 2>&1
"$programs/evaluate" moved --data other.txt > moved-score.log

# So do several models, where there is gnuplot for their picture.
if command -v gnuplot > /dev/null; then
  compare="$programs/compare --data train.txt --validation other.txt --layers 2 --width 64 --heads 2 --context 32
    --unique-tokens 800 --epochs 3 --evaluations 2 --final-windows 4 --final-draws 2 --factorizations ltr masked
    --out compared"
  $compare --device cuda > compared.log 2>&1 || fail "$(cat compared.log)"
  grep -q 'cuda bf16' compared/results.csv || fail "the results do not note the GPU"
  refuses 'has backend = "cuda bf16' $compare
  $compare --change-backend > compared.log 2>&1 || fail "$(cat compared.log)"
fi
