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
refuses 'steps = 4' "$programs/generate" model --factorization orderings:2 --steps 4
refuses '--infill' "$programs/generate" model --gap '#'
refuses 'after a gap' "$programs/generate" model --factorization ltr --infill '_bc_'

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

# A full disk (here: a limit on the size of files) leaves what was there.
cp -r model full
before=$(cksum < full/model.safetensors)
(ulimit -f 8; trap '' XFSZ; refuses 'full2/' $train --data good.txt --width 64 --out full2; exit $failures) || failures=$((failures + 1))
[ "$before" = "$(cksum < full/model.safetensors)" ] || { echo "a model was lost"; failures=$((failures + 1)); }

if [ $failures -gt 0 ]; then echo "$failures checks failed"; exit 1; fi
echo "every bad input was refused in one sentence"
