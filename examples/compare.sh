#!/bin/sh
# Compares factorizations on the novels of Jane Austen (1.6 MB to download), or on your own text.
# Usage: sh examples/compare.sh [ARGUMENTS OF compare]
# Installs what is missing (Debian, Ubuntu), builds in build/compare, and puts the novels under build/austen. Give
# --data to use your own text instead. Matrix products are oneDNN's, which
# are the quicker ones; ORDO_ONEDNN=OFF in the environment uses Eigen's.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/compare
novels=$root/build/austen
onednn=${ORDO_ONEDNN:-ON}

own_text=no
for argument in "$@"; do
  case $argument in --data | --data=*) own_text=yes ;; esac
done

. "$root/cmake/debian.sh"
ordo_install $ordo_packages
if [ "$onednn" = ON ]; then ordo_install libdnnl-dev; fi

programs=compare
if [ "$own_text" = no ]; then programs="compare austen"; fi
generator=
if [ ! -f "$build/CMakeCache.txt" ]; then generator="-G Ninja"; fi
cmake -S "$root" -B "$build" $generator -DCMAKE_BUILD_TYPE=Release -DORDO_NATIVE=ON -DORDO_ONEDNN="$onednn" \
  -DORDO_BUILD_TESTS=OFF -DORDO_BUILD_BENCHES=OFF
cmake --build "$build" --parallel "$(nproc)" --target $programs

if [ "$own_text" = yes ]; then exec "$build/examples/compare" "$@"; fi

# The novels as text files, made once: into a folder of another name first, so that a broken run leaves nothing behind.
if [ ! -d "$novels" ]; then
  package=r-cran-janeaustenr
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # Taken apart, not installed: the package would bring R.
  fetch="apt-get -q -o APT::Sandbox::User=root download $package"
  (cd "$work" && { $fetch || { ordo_root apt-get update -qq && $fetch; }; }) || {
    echo "ordo: could not download the Debian package $package; give a text of your own with --data FILE" >&2
    exit 1
  }
  dpkg-deb -x "$work/$package"_*.deb "$work"
  mkdir "$work/text"
  "$build/examples/austen" "$work/usr/lib/R/site-library/janeaustenr/data/Rdata.rdb" "$work/text"
  mkdir -p "$root/build"
  mv "$work/text" "$novels.new" && mv "$novels.new" "$novels"
fi

# Persuasion shares no 13 words in a row with the others: it is the text to validate on. In front of the user's
# arguments stands: --data FIVE NOVELS --validation PERSUASION.
case " $* " in
  *" --validation"*) ;;
  *) set -- --validation "$novels/persuasion.txt" "$@" ;;
esac
for novel in sense_and_sensibility pride_and_prejudice northanger_abbey mansfield_park emma; do
  set -- "$novels/$novel.txt" "$@"  # so that Emma comes first
done
"$build/examples/compare" --data "$@"
