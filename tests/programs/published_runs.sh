#!/bin/sh
# The fit of the runs that Muennighoff et al. 2023 (arXiv:2305.16264) published, against values that were computed apart
# from this library. The table is not part of the repository: exit 77 (skipped) where it is not beside it.
# Usage: published_runs.sh FOLDER_OF_PROGRAMS WORK_FOLDER, the folder of the table in ORDO_RUN_TABLES or ../shared/data
set -eu
tables=${ORDO_RUN_TABLES:-$(cd "$(dirname "$0")/../.." && pwd)/../shared/data}
if [ ! -f "$tables/datablations_fit182.csv" ]; then
  echo "skipped: $tables/datablations_fit182.csv is not there"
  exit 77
fi
table=$(cd "$tables" && pwd)/datablations_fit182.csv
. "$(dirname "$0")/common.sh"

"$programs/fit" --runs "$table" --starts 200 --bootstrap 0 > fixed.txt
cat fixed.txt
grep -q '^182 runs' fixed.txt
grep -qF 'Huber sum 0.0158259, R^2 0.7722046' fixed.txt # all constants as published
grep -q '^fit: Huber sum 0[.]0158047' fixed.txt
grep -q '^R_D\* *95[.][34]' fixed.txt
grep -q '^R_N\* *1[.]70' fixed.txt

"$programs/fit" --runs "$table" --free --starts 100 --bootstrap 0 > free.txt
cat free.txt
grep -q '^fit: Huber sum 0[.]00696[0-9]*, R^2 0[.]9[34]' free.txt
grep -q '^R_D\* *33[.]' free.txt
grep -q '^R_N\* *15[0-9]' free.txt
