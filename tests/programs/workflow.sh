#!/bin/sh
# The programs as a user runs them, one after the other, at a tiny size. Usage: workflow.sh FOLDER_OF_PROGRAMS WORK_FOLDER
set -eu
. "$(dirname "$0")/common.sh"
write_text train.txt 1200 5
write_text other.txt 400 6
fail() { echo "$1"; exit 1; }

"$programs/hello" train.txt > hello.log
grep -q 'upper bound' hello.log || fail "hello should say that its score is a bound: $(cat hello.log)"
"$programs/your_own_factorization" train.txt > own.log
grep -q 'exact.*skeleton-first:4' own.log || fail "a factorization of one's own should be scored exactly: $(cat own.log)"

tiny="--layers 1 --width 16 --heads 2 --context 16 --batch 8 --threads 2"
for factorization in ltr masked orderings:3:told; do
  "$programs/train" --data train.txt --validation 0.2 --factorization $factorization $tiny --epochs 3 --out model > train.log 2>&1
  for file in model.safetensors config.json metrics.jsonl state.json; do
    [ -s model/$file ] || fail "$factorization left no $file"
  done
  "$programs/evaluate" model --data other.txt --draws 3 > score.log
  case $factorization in masked) wanted='upper bound' ;; *) wanted=exact ;; esac
  grep -q "$wanted" score.log || fail "$factorization: wanted '$wanted' in $(cat score.log)"
  "$programs/evaluate" model --data other.txt --factorization masked --draws 3 > cross.log
  [ "$("$programs/generate" model --count 2 --length 12 --prompt 'the ' --seed 3 | head -c 4)" = 'the ' ] ||
    fail "$factorization: a sample should begin with its prompt"
  "$programs/generate" model --count 20 --length 12 --seed 3 > all.log
  "$programs/generate" model --count 20 --length 12 --seed 3 | cmp - all.log || fail "$factorization: samples should repeat"
  if [ $factorization != ltr ]; then
    "$programs/generate" model --infill 'the r____ and' --seed 1 > infill.log
    grep -qa '^the r.* and$' infill.log || [ "$(tail -c 5 infill.log)" = ' and' ] || fail "infill lost what was given"
  fi
  again=$("$programs/train" --data train.txt --validation 0.2 --factorization $factorization $tiny --epochs 3 --out model)
  case $again in *"the model is in model"*) ;; *) fail "a finished run should say so again: $again" ;; esac
  rm -r model
done

# Activations that are worked out again, and passes of other sizes, are settings of memory: the first changes no bit.
"$programs/train" --data train.txt $tiny --layers 3 --epochs 3 --out kept > train.log 2>&1
"$programs/train" --data train.txt $tiny --layers 3 --epochs 3 --recompute --out again > train.log 2>&1
cmp kept/model.safetensors again/model.safetensors || fail "--recompute changed the weights"
"$programs/train" --data train.txt $tiny --layers 3 --epochs 3 --micro-slots 20 --out passes > train.log 2>&1
rm -r kept again passes

"$programs/train" --data train.txt --validation 0.2 --factorization 'mixture(1 ltr + 1 blockwise:8)' $tiny --epochs 3 \
  --out hybrid > train.log 2>&1
"$programs/evaluate" hybrid --data other.txt --draws 3 > score.log
grep -q 'upper bound.*mixture(1 ltr + 1 blockwise:8(masked))' score.log || fail "hybrid: $(cat score.log)"
"$programs/evaluate" hybrid --data other.txt --factorization ltr > score.log
grep -q 'exact.*ltr' score.log || fail "hybrid, left to right: $(cat score.log)"
"$programs/generate" hybrid --count 8 --length 12 --prompt 'the ' --seed 3 > hybrid.log
[ "$(grep -ac '^the ' hybrid.log)" -ge 1 ] || fail "hybrid: samples should begin with their prompt"

"$programs/train" --data train.txt --vocabulary characters --factorization masked $tiny --epochs 1 --out letters > train.log 2>&1
"$programs/generate" letters --length 8 --unmask confidence --steps 3 > letters.log
"$programs/generate" letters --length 8 --unmask ancestral --steps 3 >> letters.log
"$programs/generate" letters --length 8 --unmask margin --steps 6 --block 4 --remask 0.4 >> letters.log
"$programs/generate" letters --length 8 --confidence-bound 0.2 >> letters.log
"$programs/generate" letters --length 8 --entropy-bound 1.5 >> letters.log
[ "$(wc -l < letters.log)" -ge 5 ] || fail "samples are missing"

"$programs/evaluate" letters --data other.txt --order certainty --per-step 2 --block 8 > score.log
grep -q 'exact.*masked (by certainty, 2 a step, in blocks of 8)' score.log || fail "as sampled: $(cat score.log)"
printf '%s\n' '{"context": "the tree", "choices": [" was", " of"], "label": 0}' \
  '{"choices": ["on one", "one on"], "label": 1}' > tasks.jsonl
for method in auto left-to-right bound greedy; do
  "$programs/evaluate" letters --choices tasks.jsonl --choice-method $method --draws 4 > score.log
  grep -q '^[01].* accuracy.* 2 tasks$' score.log || fail "choices by $method: $(cat score.log)"
done
"$programs/evaluate" letters --choices tasks.jsonl --choice-method likelihood --factorization ltr > score.log
grep -q 'likelihood, exact nats, ltr' score.log || fail "choices by likelihood: $(cat score.log)"

compare="$programs/compare --data train.txt --validation other.txt $tiny --unique-tokens 800 --epochs 3 --evaluations 4
  --final-windows 8 --final-draws 2 --seeds 2 --out compared"
if command -v gnuplot > gnuplot.log; then
  $compare > compare.log 2>&1 || fail "$(cat compare.log)"
  [ -s compared/compare.png ] && [ -s compared/compare.svg ] || fail "there is no picture"
else
  $compare > compare.log 2>&1 && fail "without gnuplot compare should say so"
  grep -q gnuplot compare.log || fail "$(cat compare.log)"
fi
# 3 factorizations x 2 seeds x (4 points and 1 best), and the header.
[ "$(wc -l < compared/results.csv)" -ge 25 ] || fail "results.csv is short: $(wc -l < compared/results.csv) lines"
grep -q '^best,masked,1,.*,bound,' compared/results.csv || fail "results.csv should call masked diffusion's score a bound"
[ "$(grep -c ',"cpu"$' compared/results.csv)" -eq "$(($(wc -l < compared/results.csv) - 1))" ] ||
  fail "each row of results.csv should note where it was made"
grep -q 'best against best' compare.log || fail "compare should give a verdict"
echo "train, evaluate, generate and compare work together"
