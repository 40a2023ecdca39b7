#!/bin/sh
# Sweeps: killed and started again they come to the same results; several programs share a folder; a cut line stays and
# its run is done again; `critical` reads them; bad grids are refused in one sentence.
# Usage: sweep.sh FOLDER_OF_PROGRAMS WORK_FOLDER
set -eu
. "$(dirname "$0")/common.sh"
write_text train.txt 1500 5
write_text validation.txt 700 9

cat > grid.json <<'JSON'
{
  "factorizations": ["ltr", "masked"],
  "sizes": [{"layers": 1, "width": 16, "heads": 2}],
  "unique_tokens": [1000, 2000],
  "epochs": [1, 60],
  "seeds": [0, 1],
  "context": 32,
  "learning_rate": 3e-3
}
JSON
sweep="$programs/sweep --grid grid.json --data train.txt --validation validation.txt --windows 16 --draws 2 --curve-windows 8"
# What does not depend on the machine's speed, in an order of its own.
losses() { sed 's/"seconds":[^,}]*//; s/"commit":[^,}]*//' "$1" | sort; }

$sweep --list --out none > list.txt
test "$(grep -c FLOPs list.txt)" -eq 17 # the sum, and sixteen runs
test ! -e none

$sweep --out whole > whole.txt
test "$(grep -c . whole/results.jsonl)" -eq 16
grep -q 'all runs of the grid are in' whole.txt
$sweep --out whole > again.txt # nothing is left to do
grep -q '16 done already; 0 FLOPs to go' again.txt
test "$(grep -c . whole/results.jsonl)" -eq 16

# Killed three times, in the middle of whatever it does.
for pause in 0.1 0.2 0.4; do
  $sweep --jobs 1 --out killed > /dev/null 2>&1 &
  victim=$!
  tries=0
  until [ $tries -eq 500 ] || ls killed/unfinished/*.claim > /dev/null 2>&1; do tries=$((tries + 1)); sleep 0.01; done
  sleep "$pause"
  kill -9 $victim 2> /dev/null || true
  wait $victim 2> /dev/null || true
done
# Killed at two moments that chance seldom finds: before the first file of a run stands, and after its last line.
claim=$(ls -d killed/unfinished/*.claim | head -n 1)
run=$(basename "$claim" .claim)
mkdir -p "whole/unfinished/$run" "early/unfinished/$run"
touch "whole/unfinished/$run/state.json" "early/unfinished/$run/run.json.partial"
$sweep --out whole > after.txt
test ! -e whole/unfinished
$sweep --out early > early.txt
test "$(grep -c . early/results.jsonl)" -eq 16
test ! -e early/unfinished
# And a line that was cut off.
if [ -s killed/results.jsonl ]; then
  cp killed/results.jsonl before.jsonl
  head -n 1 whole/results.jsonl | cut -c 1-200 | tr -d '\n' >> killed/results.jsonl
fi
# Two at once.
$sweep --jobs 1 --out killed > one.txt 2>&1 &
other=$!
$sweep --jobs 1 --out killed > two.txt 2>&1
wait $other
$sweep --out killed > last.txt
losses whole/results.jsonl > whole.losses
grep '}$' killed/results.jsonl > kept.jsonl # without the line that was cut
losses kept.jsonl > killed.losses
diff whole.losses killed.losses
if [ -e before.jsonl ]; then
  # What was there is still there, byte for byte.
  head -c "$(wc -c < before.jsonl)" killed/results.jsonl | diff - before.jsonl
fi
test ! -e killed/unfinished

# Each line notes where it was made. What another device made is not gone on with unless that is wished for; lines of an
# earlier format are the host's.
test "$(grep -c '"backend":"cpu"' whole/results.jsonl)" -eq 16
mkdir elsewhere earlier
sed 's/"backend":"cpu"/"backend":"cuda bf16, some GPU"/' whole/results.jsonl > elsewhere/results.jsonl
$sweep --out elsewhere > nothing.txt # nothing is left to do
sed -i '$d' elsewhere/results.jsonl
refuses 'were made on "cuda bf16, some GPU", not on "cpu"' $sweep --out elsewhere
$sweep --out elsewhere --list > list.txt
$sweep --out elsewhere --change-backend > changed.txt
test "$(grep -c '"backend":"cpu"' elsewhere/results.jsonl)" -eq 1
test "$(grep -c . elsewhere/results.jsonl)" -eq 16
sed 's/"backend":"cpu",//; s/"format":3/"format":2/; $d' whole/results.jsonl > earlier/results.jsonl
$sweep --out earlier > earlier.txt
test "$(grep -c . earlier/results.jsonl)" -eq 16

"$programs/critical" --results whole/results.jsonl --bootstrap 20 --out frontier > critical.txt
cat critical.txt
grep -q 'base ltr; challenger masked' critical.txt
grep -q '^ *1000 ' critical.txt
test -s frontier/frontiers.png

bad() { sed "$1" grid.json > bad.json; }
run="$programs/sweep --grid bad.json --data train.txt --validation validation.txt --out bad"
bad 's/"epochs": .*/"epochs": [],/' && refuses "'epochs' is an empty list, so the grid has no run" $run
bad 's/"epochs": .*/"epoch": [1],/' && refuses "unknown field 'epoch'" $run
bad 's/"epochs": .*/"epochs": [1, 0],/' && refuses "epochs must be positive (got 0)" $run
bad 's/2000/2000000/' && refuses "unique_tokens of 2000000 is more than" $run
bad 's/"masked"/"maskd"/' && refuses "maskd" $run
bad 's/"heads": 2/"heads": 3/' && refuses "heads" $run
bad 's/"learning_rate": .*/"learning_rate": -1/' && refuses "learning_rate" $run
refuses "were scored on 16 windows, not 8" $sweep --out whole --windows 8
refuses "are of another text" "$programs/sweep" --grid grid.json --data validation.txt --validation train.txt --out whole
refuses "no-such.json" "$programs/sweep" --grid no-such.json --data train.txt --validation 0.1 --out bad
refuses "holds no run" "$programs/critical" --results none.jsonl
sed 's/"epochs"/"epoch"/' whole/results.jsonl > odd.jsonl
refuses "odd.jsonl, line 1" "$programs/critical" --results odd.jsonl
refuses "0 of the challenger" "$programs/critical" --results whole/results.jsonl --challenger any-order
refuses "ltr is on both sides" "$programs/critical" --results whole/results.jsonl --challenger ltr
