#!/bin/sh
# Bad input gives one clear sentence that names the thing and the value, a non-zero exit, and loses nothing.
# Usage: bad_input.sh FOLDER_OF_PROGRAMS WORK_FOLDER
set -u
. "$(dirname "$0")/common.sh"
failures=0

# refuses PART_OF_THE_SENTENCE COMMAND...: fails, in one line on stderr that holds the part, without a crash.
refuses() {
  part=$1
  shift
  "$@" > out.log 2> err.log
  status=$?
  if [ $status -eq 0 ] || [ $status -gt 125 ]; then
    echo "exit $status, wanted a refusal: $*"; cat err.log; failures=$((failures + 1)); return
  fi
  if ! grep -qF -- "$part" err.log || [ "$(grep -c . err.log)" -gt 3 ]; then
    echo "wanted one sentence with '$part': $*"; cat err.log; failures=$((failures + 1))
  fi
}

write_text good.txt 600 3
: > empty.txt
printf 'x' > short.txt
printf 'caf\351 au lait' > latin1.txt
printf 'a\000b and so on' > nul.txt
printf 'abc' > odd.u16
printf '\001\000\377\177' > large.u16
mkdir folder
train="$programs/train --layers 1 --width 16 --heads 2 --context 16 --batch 4 --epochs 1 --threads 1"

# Files.
refuses missing.txt $train --data missing.txt --out run
refuses empty.txt $train --data empty.txt --out run
refuses short.txt $train --data short.txt --out run
refuses latin1.txt $train --data latin1.txt --out run
refuses nul.txt $train --data nul.txt --out run
refuses folder $train --data folder --out run
refuses odd.u16 $train --data odd.u16 --vocabulary uint16 --vocab 100 --out run
refuses 32767 $train --data large.u16 --vocabulary uint16 --vocab 100 --out run
refuses latin1.txt $train --data latin1.txt --vocabulary characters --out run
refuses --vocab $train --data good.txt --vocabulary uint16 --out run
refuses missing.txt $train --data good.txt --validation missing.txt --out run
refuses 1.5 $train --data good.txt --validation 1.5 --out run
refuses nan $train --data good.txt --validation nan --out run
refuses 'folder is a directory' $train --data good.txt --validation folder --out run
refuses 'held out by --validation good.txt' $train --data good.txt --validation good.txt --out run
refuses "no file matches ''" $train --data '' --out run
refuses 'good.txt twice' $train --data good.txt ./good.txt --out run
mkfifo pipe
refuses 'pipe is not a regular file' $train --data pipe --out run

# Devices. Without CUDA, or without a GPU, both sentences name the flag or the device.
refuses "cpu, cuda or cuda:N (got 'gpu')" $train --data good.txt --device gpu --out run
refuses "got 'cuda:'" $train --data good.txt --device cuda: --out run
refuses "got 'cuda:1x'" $train --data good.txt --device cuda:1x --out run
refuses "got 'cuda:-1'" $train --data good.txt --device cuda:-1 --out run
refuses cuda $train --data good.txt --device cuda:99 --out run
[ ! -e run/model.safetensors ] || { echo 'a refused device left a model'; failures=$((failures + 1)); }

# Settings.
refuses 'width 15, heads 2' $train --data good.txt --width 15 --out run
refuses 'got 0' $train --data good.txt --layers 0 --out run
refuses 'got -1' $train --data good.txt --epochs -1 --out run
refuses 'got 0' $train --data good.txt --batch 0 --out run
refuses 'got -2' $train --data good.txt --learning-rate -2 --out run
refuses 'got 1' $train --data good.txt --dropout 1 --out run
refuses 'got 0' $train --data good.txt --context 0 --out run
refuses 'got -4' $train --data good.txt --threads -4 --out run
refuses '999999' $train --data good.txt --unique-tokens 999999 --out run
refuses "'backwards'" $train --data good.txt --factorization backwards --out run
refuses "'orderings:0'" $train --data good.txt --factorization orderings:0 --out run
for flag in learning-rate weight-decay clip checkpoint-seconds; do
  refuses "$(echo $flag | tr - _) must be a finite number (got nan)" $train --data good.txt --$flag nan --out run
  refuses "$(echo $flag | tr - _) must be a finite number (got inf)" $train --data good.txt --$flag inf --out run
done
for flag in epochs final-rate warmup average dropout init-std; do
  refuses "$(echo $flag | tr - _) must" $train --data good.txt --$flag nan --out run
  refuses "$(echo $flag | tr - _) must" $train --data good.txt --$flag inf --out run
done
refuses 'MB of this machine' $train --data good.txt --layers 1000 --width 65536 --out run
refuses 'context must be' $train --data good.txt --context 2147483647 --out run
refuses 99999999999 $train --data good.txt --batch 99999999999 --out run
refuses 'at most 1024 (got 100000)' $train --data good.txt --threads 100000 --out run
for seed in -1 1.5 18446744073709551616; do
  refuses "(got $seed)" $train --data good.txt --seed $seed --out run
done
refuses '(got 9223372036854775808)' $train --data good.txt --unique-tokens 9223372036854775808 --out run
refuses 'not for bytes (got 100)' $train --data good.txt --vocab 100 --out run
refuses 'give --validation (got patience 3)' $train --data good.txt --patience 3 --out run
refuses 8M $programs/train --data good.txt --size 8M --out run
[ ! -e run ] || rm -r run

# A loss that is no number.
refuses 'no longer a finite number' $train --data good.txt --epochs 40 --learning-rate 1e30 --clip 0 --warmup 0 --out nan

# Folders and models.
mkdir other
echo precious > other/notes.txt
refuses notes.txt $train --data good.txt --out other
[ "$(cat other/notes.txt)" = precious ] || { echo "a file of the user's was changed"; failures=$((failures + 1)); }
refuses good.txt $train --data good.txt --out good.txt
$train --data good.txt --validation 0.2 --factorization masked --out model > train.log 2>&1 || { cat train.log; exit 1; }
refuses 'batch = 4, not 5' $train --data good.txt --validation 0.2 --factorization masked --batch 5 --out model
write_text changed.txt 600 4
refuses 'training text' $train --data changed.txt --validation 0.2 --factorization masked --out model
refuses nowhere "$programs/evaluate" nowhere --data good.txt
refuses 'no config.json' "$programs/generate" folder
refuses '17 tokens is longer' "$programs/generate" model --length 17
refuses '32 tokens are longer' "$programs/evaluate" model --data good.txt --context 32
refuses 'got 0' "$programs/evaluate" model --data good.txt --draws 0
refuses 'got -1' "$programs/generate" model --temperature -1
refuses 'got 2' "$programs/generate" model --top-p 2
refuses 'unmask = confidence' "$programs/generate" model --factorization ltr --unmask confidence
refuses '(got -1)' "$programs/generate" model --seed -1
refuses '(got 9223372036854775808)' "$programs/generate" model --count 9223372036854775808
refuses '(got -1)' "$programs/evaluate" model --data good.txt --seed -1
refuses 'temperature must' "$programs/generate" model --temperature nan
refuses 'top_p must' "$programs/generate" model --top-p nan
refuses 'must not be empty' "$programs/generate" model --infill ''
refuses 'steps = 4' "$programs/generate" model --factorization orderings:2 --steps 4
refuses '--infill' "$programs/generate" model --gap '#'
refuses 'got -1' "$programs/generate" model --remask -1
refuses 'got 2' "$programs/generate" model --confidence-bound 2
refuses 'got -1' "$programs/generate" model --entropy-bound -1
refuses 'got -3' "$programs/generate" model --block -3
refuses 'got margin' "$programs/generate" model --unmask margin --entropy-bound 0.1
refuses 'got 4' "$programs/generate" model --steps 4 --confidence-bound 0.9
refuses sideways "$programs/generate" model --unmask sideways
refuses 'block = 2' "$programs/generate" model --factorization ltr --block 2
refuses 'after a gap' "$programs/generate" model --factorization ltr --infill '_bc_'
refuses 'got 0' "$programs/evaluate" model --data good.txt --order margin --per-step 0
refuses 'got -1' "$programs/evaluate" model --data good.txt --block -1
refuses 'confidence' "$programs/evaluate" model --data good.txt --order confidence
refuses 'an order of its own' "$programs/evaluate" model --data good.txt --factorization ltr --per-step 2
refuses '--data or --choices' "$programs/evaluate" model

# Multiple-choice tasks.
good_task='{"context": "a", "choices": [" b", " c"], "label": 0}'
echo "$good_task" > tasks.jsonl
refuses_task() {
  { echo "$good_task"; echo "$2"; } > bad.jsonl
  refuses "bad.jsonl, line 2$1" "$programs/evaluate" model --choices bad.jsonl
}
refuses_task ' is no valid JSON' '{"choices": ["a"'
refuses_task " has no field 'label'" '{"choices": ["a", "b"]}'
refuses_task ", field 'choices': must be a list" '{"choices": [], "label": 0}'
refuses_task ", field 'label': must be a whole number in 0 .. 1 (got 2)" '{"choices": ["a", "b"], "label": 2}'
refuses_task ", field 'context': must be a text (got 5)" '{"context": 5, "choices": ["a", "b"], "label": 0}'
refuses_task ", field 'choices': entry 1 has 17 tokens" '{"choices": ["a", "12345678901234567"], "label": 0}'
refuses_task " has the unknown field 'answer'" '{"choices": ["a", "b"], "label": 0, "answer": 1}'
refuses missing.jsonl "$programs/evaluate" model --choices missing.jsonl
refuses --data "$programs/evaluate" model --choices tasks.jsonl --data good.txt
refuses --choices "$programs/evaluate" model --data good.txt --choice-method bound
refuses upwards "$programs/evaluate" model --choices tasks.jsonl --choice-method upwards
refuses 'any order' "$programs/evaluate" model --choices tasks.jsonl --choice-method likelihood
refuses 'an order of its own' "$programs/evaluate" model --choices tasks.jsonl --factorization ltr --choice-method bound

# A checkpoint that was cut, changed, or made by a newer build.
damaged() {
  rm -rf damaged
  cp -r model damaged
}
damaged; head -c 500 model/model.safetensors > damaged/model.safetensors
refuses model.safetensors "$programs/generate" damaged
damaged; printf '\377\377\377\377\377\377\377\177' | dd of=damaged/model.safetensors conv=notrunc status=none
refuses model.safetensors "$programs/generate" damaged
damaged; sed 's/"format_version": 1/"format_version": 7/' model/config.json > damaged/config.json
refuses 'format version 7' "$programs/generate" damaged
damaged; sed 's/"num_hidden_layers": 1/"num_hidden_layers": 2/' model/config.json > damaged/config.json
refuses model.safetensors "$programs/generate" damaged
damaged; echo '{' > damaged/config.json
refuses config.json "$programs/generate" damaged
resume="$train --data good.txt --validation 0.2 --factorization masked --out damaged"
damaged; sed 's/"draw_stream_version": [0-9]*/"draw_stream_version": 99/' model/state.json > damaged/state.json
refuses 'draw_stream_version 99' $resume
damaged; sed 's/"format_version": [0-9]*/"format_version": 99/' model/state.json > damaged/state.json
refuses 'format_version 99' $resume
damaged; for f in damaged/state-*.safetensors; do printf 'X' | dd of="$f" bs=1 seek=3000 conv=notrunc status=none; done
refuses checksum $resume
damaged; for f in damaged/state-*.safetensors; do head -c 1000 "$f" > cut; mv cut "$f"; done
refuses '1000 bytes' $resume

# What is printed and cannot be written is not lost in silence; a run goes on to its end.
lost='cannot write to standard output'
closed() { "$@" >&-; }
no_room() { "$@" > /dev/full; }
for way in closed no_room; do
  refuses "$lost" $way "$programs/generate" model
  refuses "$lost" $way "$programs/evaluate" model --data good.txt --draws 1
  refuses "$lost" $way $train --data good.txt --out $way
  [ -s $way/model.safetensors ] || { echo "with $way output train left no model"; failures=$((failures + 1)); }
done
{ "$programs/generate" model --length 4 --count 1000000 2> pipe.log; echo $? > pipe.status; } | head -n 1 > first.log
[ "$(cat pipe.status)" = 1 ] && grep -q "$lost" pipe.log || { echo "generate into a closed pipe:"; cat pipe.log; failures=$((failures + 1)); }

# Names of files in any script.
mkdir 'naïve dir'
cp good.txt 'naïve dir/текст.txt'
$train --data 'naïve dir/текст.txt' --out 'naïve dir/模型' > out.log 2>&1 && "$programs/generate" 'naïve dir/模型' > out.log ||
  { echo "names that are not ASCII:"; cat out.log; failures=$((failures + 1)); }

# Two programs in one folder: the second is refused, the first ends well.
$train --data good.txt --epochs 300 --out twice > first.log 2>&1 &
pid=$!
while [ ! -e twice/run.json ]; do sleep 0.02; done
refuses 'another program is at work in the folder twice' $train --data good.txt --epochs 300 --out twice
wait $pid || { echo "the first of two programs failed:"; cat first.log; failures=$((failures + 1)); }

# Folders without rights, for whoever has to ask for them.
mkdir locked
cp -r model locked/model
chmod 000 locked
as_nobody=
if [ "$(id -u)" = 0 ]; then as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"; fi
if $as_nobody test -r good.txt && $as_nobody test -x "$programs/train"; then
  refuses 'Permission denied' $as_nobody $train --data good.txt --out locked/run
  refuses 'cannot open locked/model/config.json' $as_nobody "$programs/generate" locked/model
  refuses 'cannot open locked/model/config.json' $as_nobody "$programs/evaluate" locked/model --data good.txt
fi
chmod 755 locked

# A full disk (here: a limit on the size of files) leaves what was there.
cp -r model full
before=$(cksum < full/model.safetensors)
(ulimit -f 8; trap '' XFSZ; refuses 'full2/' $train --data good.txt --width 64 --out full2; exit $failures) || failures=$((failures + 1))
[ "$before" = "$(cksum < full/model.safetensors)" ] || { echo "a model was lost"; failures=$((failures + 1)); }

if [ $failures -gt 0 ]; then echo "$failures checks failed"; exit 1; fi
echo "every bad input was refused in one sentence"
