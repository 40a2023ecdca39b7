#!/bin/sh
# Compares factorizations on the novels of Jane Austen (1.6 MB to download), or on your own text (--data).
# Usage: sh examples/compare.sh [ARGUMENTS OF compare]
# Installs what is missing (Debian, Ubuntu), builds in build/compare, and puts the novels under build/austen.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/debian.sh"
. "$root/examples/novels.sh"
ordo_run_on_novels compare "$@"
