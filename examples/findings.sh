#!/bin/sh
# The findings of "Diffusion Beats Autoregressive in Data-Constrained Settings" at the scale of this machine, on the
# novels of Jane Austen or your own text (--data).
# Usage: sh examples/findings.sh [ARGUMENTS OF findings], such as --quick --out RESULTS
# Installs what is missing (Debian, Ubuntu), builds in build/compare, and puts the novels under build/austen.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/debian.sh"
. "$root/examples/novels.sh"
ordo_run_on_novels findings "$@"
