#!/bin/sh
# All findings over a few tiny models: the report, its tables and figures are there, a second start trains nothing, and a
# finding alone needs fewer models. What they say means nothing here.
# Usage: findings.sh FOLDER_OF_PROGRAMS WORK_FOLDER
set -eu
. "$(dirname "$0")/common.sh"
write_text train.txt 4000 5
write_text validation.txt 1500 9

cat > plan.json <<'JSON'
{
  "sizes": [{"layers": 1, "width": 16, "heads": 2}, {"layers": 1, "width": 32, "heads": 2}],
  "regularisation": [{"weight_decay": 0.1, "dropout": 0.1}, {"weight_decay": 0.1, "dropout": 0}],
  "budgets": [1000, 2000, 4000],
  "tokens_seen": [4000, 8000],
  "equal_tokens": 8000,
  "longest_budgets": [1000],
  "longest_tokens": 16000,
  "longest_sizes": 1,
  "orderings": [4],
  "orderings_budget": 1000,
  "orderings_epochs": 8,
  "orderings_size": 0,
  "seeds": 2,
  "choice_tasks": 10,
  "choice_draws": 2,
  "samples": 4,
  "least_copy": 8,
  "windows": 16,
  "starts": 20,
  "resamples": 40,
  "context": 64,
  "batch": 4,
  "learning_rate": 3e-3,
  "init_std": 0.06,
  "smoke_test": false
}
JSON
findings="$programs/findings --plan plan.json --data train.txt --validation validation.txt"

# A plan that is printed can be read, and is the same.
"$programs/findings" --show-plan > full.json
"$programs/findings" --plan full.json --show-plan > again.json
diff full.json again.json
"$programs/findings" --quick --show-plan | grep -q '"smoke_test": true'
grep -q '"budgets"' full.json

$findings --out all --list > list.txt
test ! -e all
$findings --out all > all.txt
every=$(grep -c . all/runs/results.jsonl)
$findings --finding 1 --out alone > one.txt
test "$(grep -c . alone/runs/results.jsonl)" -lt "$every"
test -s alone/finding-1.png
test ! -e alone/finding-2.csv
for number in 1 2 3 4 5 6 7 8; do
  test -s all/finding-$number.csv
  grep -q "^## $number\. " all/findings.md
done
for figure in finding-1 finding-2 finding-3 finding-4 finding-6 finding-7-continuation finding-7-word-order \
  finding-7-next-word finding-8 memorised; do
  test -s all/$figure.png
  test -s all/$figure.svg
done
test "$(grep -c . all/continuation.jsonl)" -eq 10
grep -q 'the validation text' all/memorised.csv
if grep -q 'not evidence' all/findings.md; then echo "stamped without --quick"; exit 1; fi

$findings --out all > again.txt # nothing is left to train
test "$(grep -c . all/runs/results.jsonl)" -eq "$every"
sed '/^- \*\*/d' all/findings.md > again.md
grep -q '| 8 |' again.md

# Tasks of one's own. Their file's name is no command.
cp all/word-order.jsonl 'mine"`touch ran`.jsonl'
$findings --finding 7 --choices 'mine"`touch ran`.jsonl' --out all > own.txt
test -s all/finding-7-mine-touch-ran.png
test ! -e ran

bad() {
  sed "$1" plan.json > bad.json
  refuses "$2" "$programs/findings" --plan bad.json --data train.txt --validation validation.txt --out bad
}
bad 's/"seeds": 2/"seeds": 1/' "field 'seeds' must be from 2 to 1000 (got 1)"
bad 's/"resamples": 40/"resamples": 3000000000/' "field 'resamples' is too large (got 3000000000)"
bad 's/"samples"/"sample"/' "unknown field 'sample'"
bad '/"samples"/d' "has no field 'samples'"
bad 's/"equal_tokens": 8000/"equal_tokens": 8001/' "field 'equal_tokens' must be among 'tokens_seen'"
bad 's/"budgets": .*/"budgets": [1000, 8000],/' "above two of the budgets or more (got 8000)"
bad 's/"budgets": .*/"budgets": [2000, 4000],/; s/"longest_budgets": .*/"longest_budgets": [],/' "4 passes are nearest to both"
bad 's/"budgets": .*/"budgets": [2000, 1000],/' "field 'budgets' must rise (got 1000 after 2000)"
bad 's/"budgets": .*/"budgets": [1000, 1000],/' "field 'budgets' must rise (got 1000 after 1000)"
bad 's/"orderings": .*/"orderings": [4, 4],/' "field 'orderings' must rise (got 4 after 4)"
bad 's/"longest_budgets": .*/"longest_budgets": [3000],/' "must be among the budgets (got 3000)"
bad 's/"orderings_size": 0/"orderings_size": 2/' "field 'orderings_size' must be from 0 to 1 (got 2)"
bad 's/"width": 32/"width": 16/' "field 'sizes' has {\"heads\":2,\"layers\":1,\"width\":16} twice"
bad 's/"dropout": 0}/"dropout": 0, "decay": 1}/' "field 'regularisation' has the unknown field 'decay'"
bad 's/"dropout": 0}/"dropout": 1}/' "field 'dropout' must be from 0 to 0.99 (got 1)"
bad 's/"heads": 2/"heads": 3/' "heads"
refuses "the study needs 1080000" "$programs/findings" --data train.txt --validation validation.txt --out bad
refuses "no-such.jsonl" $findings --choices no-such.jsonl --out bad
refuses "there is no validation text" "$programs/findings" --plan plan.json --data train.txt --out bad
bad 's/"context": 64/"context": 8/' "of the 10 word-order tasks"
printf '{"context": "%s", "choices": ["a", "b"], "label": 0}\n' "$(head -c 64 train.txt | tr -cd 'a-z ')aaaaaaaaaaaaaaaaaaaaaaaa" > long.jsonl
refuses "together more than the network's context of 64" $findings --choices long.jsonl --out bad
head -c 300 validation.txt > short.txt
refuses "the validation text has 5 windows of 64 tokens" \
  "$programs/findings" --plan plan.json --data train.txt --validation short.txt --out bad
test ! -e bad/runs/results.jsonl

# Runs that were scored on other windows are not compared, and a folder is no results file.
sed 's/"windows": 16/"windows": 12/; s/"seeds": 2/"seeds": 3/' plan.json > other.json
"$programs/findings" --plan other.json --data train.txt --validation validation.txt --finding 1 --out other > other.txt
mkdir -p mixed/runs
cp -r other/runs/models mixed/runs
cp -r alone/runs/models mixed/runs
grep -v '"seed":3' alone/runs/results.jsonl > mixed/runs/results.jsonl
grep '"seed":3' other/runs/results.jsonl >> mixed/runs/results.jsonl
sed 's/"seeds": 2/"seeds": 3/' plan.json > three.json
refuses "runs that are compared must have the same validation windows (got 16" "$programs/findings" --plan three.json \
  --data train.txt --validation validation.txt --finding 1 --out mixed
mkdir -p wrong/runs/results.jsonl
refuses "wrong/runs/results.jsonl is a folder" $findings --out wrong

# Runs whose models were not kept are no ground for findings 7 and 8.
cp -r all lost
rm -r lost/runs/models/*
refuses "has no model in" $findings --out lost
