#!/bin/sh
# The planner: from made runs whose laws are known, from published constants alone, from a pilot that is cut short; and
# what it refuses. Usage: plan.sh FOLDER_OF_PROGRAMS WORK_FOLDER
set -eu
. "$(dirname "$0")/common.sh"

# Runs of two families: one learns soon and loses the worth of repeats over 5 passes, one learns late and keeps it over 200.
awk '
function loss(n, d, u, b, r,   e, worth) {
  e = d / u
  worth = u * (1 + r * (1 - exp(-(e - 1) / r)))
  return 1.8 + 300 / n ^ 0.35 + b / worth ^ 0.35
}
function line(family, n, u, e, b, r,   l) {
  l = loss(n, u * e, u, b, r)
  printf "{\"format\":1,\"factorization\":\"%s\",\"layers\":1,\"width\":%d,\"heads\":1,\"context\":128,\"dropout\":0.1,", family, n / 1000
  printf "\"init_std\":0.06,\"unique_tokens\":%d,\"epochs\":%d,\"seed\":0,\"weight_decay\":0.1,\"batch\":8,", u, e
  printf "\"learning_rate\":0.001,\"training_text\":\"a\",\"validation_text\":\"b\",\"parameters\":%d,\"tokens\":%d,", n, u * e
  printf "\"flops_by_rule\":%.6g,\"flops_counted\":%.6g,\"best_epoch\":%d,", 6 * n * u * e, 6 * n * u * e, e
  printf "\"own\":{\"nats_per_token\":%.9f,\"error\":0.01,\"claim\":\"exact\",\"policy\":\"x\",\"nats\":[%.6f,%.6f]},", l, l * 128, l * 128
  printf "\"exact\":{\"nats_per_token\":%.9f,\"error\":null,\"claim\":\"exact\",\"policy\":\"x\",\"nats\":[%.6f,%.6f]},", l, l * 128, l * 128
  printf "\"window_tokens\":[128,128],\"seconds\":1,\"commit\":\"made\"}\n"
}
BEGIN {
  for (n = 1e5; n < 2e7; n *= 10) for (u = 1e5; u < 2e6; u *= 10) for (e = 1; e < 300; e *= 4) {
    line("ltr", n, u, e, 300, 5)
    line("masked", n, u, e, 700, 200)
  }
}' > runs.jsonl

plan="$programs/plan --starts 30 --bootstrap 12"
$plan --unique-tokens 1M --flops 3e12 --runs runs.jsonl > little.txt
cat little.txt
grep -q '^which family: ltr, by' little.txt
grep -q 'saving: masked would need' little.txt
$plan --unique-tokens 100k --flops 3e16 --runs runs.jsonl > much.txt
cat much.txt
grep -q '^which family: masked, by' much.txt
grep -q 'saving: ltr does not get to that loss' much.txt
grep -q 'compute .* times beyond what was tried' much.txt
grep -q 'masked: 30 runs' much.txt
$plan --unique-tokens 1M --flops 3e12 --runs runs.jsonl --families masked > one.txt
grep -q 'not known, there is one only' one.txt

$plan --unique-tokens 25M --flops 1e19 > papers.txt
cat papers.txt
grep -q '^family: masked diffusion by the closed form' papers.txt
grep -q 'diffusion: size, epochs and loss are not known' papers.txt
grep -q 'saving: not known' papers.txt
$plan --unique-tokens 100M --flops 1e19 | grep -q '^family: autoregression by the closed form'

refuses "(got '25Q')" $plan --unique-tokens 25Q --flops 1e19
refuses "(got '-1')" $plan --unique-tokens=-1 --flops 1e19
refuses "none.jsonl holds no run" $plan --unique-tokens 1M --flops 1e12 --runs none.jsonl
refuses "holds no run of the families" $plan --unique-tokens 1M --flops 1e12 --runs runs.jsonl --families any-order
grep '"unique_tokens":100000,' runs.jsonl | grep '"epochs":1,' > few.jsonl
refuses "no family has enough runs to fit a law" $plan --unique-tokens 1M --flops 1e12 --runs few.jsonl
refuses "--pilot needs --validation" $plan --unique-tokens 1M --flops 1e12 --pilot --data few.jsonl
refuses "--families and --by are for --runs" $plan --unique-tokens 1M --flops 1e12 --by own
refuses "(got '1e300T')" $plan --unique-tokens 1M --flops 1e300T
sed 's/"validation_text":"b"/"validation_text":"c"/; 1,3!d' runs.jsonl > other.jsonl
sed '1,3d' runs.jsonl >> other.jsonl
refuses "must have the same validation text" $plan --unique-tokens 1M --flops 1e12 --runs other.jsonl
refuses "--data is for --pilot" $plan --unique-tokens 1M --flops 1e12 --data few.jsonl

# A pilot that is over before it can tell.
write_text text.txt 9000 3
refuses "no family has enough runs to fit a law" \
  $plan --unique-tokens 20k --flops 1e12 --pilot --minutes 0.01 --data text.txt --validation 0.1
grep -q "the pilot's time is over" out.log
head -c 3000 text.txt > short.txt
refuses "too short for a pilot" \
  $plan --unique-tokens 20k --flops 1e12 --pilot --minutes 0.01 --data short.txt --validation 0.1 --out short
