# The novels of Jane Austen as text files, for the scripts beside this one. POSIX sh; to be sourced.
# Needs $root and cmake/debian.sh.

# ordo_programs BUILD_FOLDER PROGRAM...: builds programs of examples/.
ordo_programs() {
  build=$1
  shift
  ordo_install $ordo_packages
  generator=
  if [ ! -f "$build/CMakeCache.txt" ]; then generator="-G Ninja"; fi
  cmake -S "$root" -B "$build" $generator -DCMAKE_BUILD_TYPE=Release -DORDO_NATIVE=ON \
    -DORDO_BUILD_TESTS=OFF -DORDO_BUILD_BENCHES=OFF
  cmake --build "$build" --parallel "$(nproc)" --target "$@"
}

# ordo_novels FOLDER AUSTEN: makes the folder once, with the program austen, from a Debian package of 1.6 MB. It gets
# its name only when it is complete.
ordo_novels() {
  [ ! -d "$1" ] || return 0
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
  "$2" "$work/usr/lib/R/site-library/janeaustenr/data/Rdata.rdb" "$work/text"
  mkdir -p "$(dirname "$1")"
  mv "$work/text" "$1.new" && mv "$1.new" "$1"
}

# ordo_run_on_novels PROGRAM_NAME ARGUMENTS...: builds and runs a program that takes --data and --validation; without
# --data on five of the novels, Emma first, and Persuasion to validate on, which shares no 13 words in a row with them.
ordo_run_on_novels() {
  program=$1
  shift
  own_text=no
  own_validation=no
  for argument in "$@"; do
    case $argument in
      --data | --data=*) own_text=yes ;;
      --validation | --validation=*) own_validation=yes ;;
    esac
  done
  if [ "$own_text" = yes ]; then
    ordo_programs "$root/build/compare" "$program"
    exec "$root/build/compare/examples/$program" "$@"
  fi
  ordo_programs "$root/build/compare" "$program" austen
  novels=$root/build/austen
  ordo_novels "$novels" "$root/build/compare/examples/austen"
  if [ "$own_validation" = no ]; then set -- --validation "$novels/persuasion.txt" "$@"; fi
  for novel in sense_and_sensibility pride_and_prejudice northanger_abbey mansfield_park emma; do
    set -- "$novels/$novel.txt" "$@"
  done
  "$root/build/compare/examples/$program" --data "$@"
}
