#!/bin/sh
# The program fit: finds the constants of a made table, leaves its report, and refuses bad input in one sentence.
# Usage: fit.sh FOLDER_OF_PROGRAMS WORK_FOLDER
set -eu
. "$(dirname "$0")/common.sh"

# L = 1.8 + 400 / N^0.35 + 1300 / D^0.35 for one pass; repeats are worth half of what they were, for the fit to see.
awk 'BEGIN {
  print "name,params,train_tokens,unique_tokens,val_loss"
  for (n = 1e7; n < 2e9; n *= 10) for (u = 1e8; u < 2e10; u *= 10) for (e = 1; e < 300; e *= 4) {
    d = u * (1 + 20 * (1 - exp(-(e - 1) / 20)))
    printf "%g-%g-%g,%.0f,%.0f,%.0f,%.9f\n", n, u, e, n, u * e, u, 1.8 + 400 / n ^ 0.35 + 1300 / d ^ 0.35
  }
}' > runs.csv

"$programs/fit" --runs runs.csv --free --starts 60 --bootstrap 20 --bootstrap-starts 2 --fix 1/R_N=0 --out out > report.txt
cat report.txt
grep -q '^45 runs' report.txt
grep -q '^R_D\* *\(19[.]99\|20\|20[.]00\)' report.txt
grep -q '^R_N\* *inf *fixed' report.txt
grep -q 'held fixed: 1/R_N = 0' report.txt
for file in fit.json bootstrap.csv profile-R-D.png profile-R-D.svg profile-R-D.csv; do test -s "out/$file"; done

refuses "no-such.csv" "$programs/fit" --runs no-such.csv
head -n 5 runs.csv > few.csv
refuses "4 runs for 6 parameters" "$programs/fit" --runs few.csv --free
printf '%s\n' "name,params,train_tokens,unique_tokens,val_loss" "a,1e7,1e8,1e8" > cut.csv
refuses "line 2: has 4 fields" "$programs/fit" --runs cut.csv
refuses "--fix names no parameter of this law (got 'q'" "$programs/fit" --runs runs.csv --fix q=1
refuses "NAME=NUMBER (got 'a')" "$programs/fit" --runs runs.csv --fix a
refuses "no run of the factorization masked" "$programs/fit" --runs runs.csv --factorization masked
refuses "got -1" "$programs/fit" --runs runs.csv --bootstrap -1
