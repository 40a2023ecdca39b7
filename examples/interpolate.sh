#!/bin/sh
# The study of the continuum between autoregression and diffusion, on the novels of Jane Austen or your own text (--data).
# Usage: sh examples/interpolate.sh [ARGUMENTS OF interpolate], such as --quick --out RESULTS
# Installs what is missing (Debian, Ubuntu), builds in build/compare, and puts the novels under build/austen.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/debian.sh"
. "$root/examples/novels.sh"
ordo_run_on_novels interpolate "$@"
