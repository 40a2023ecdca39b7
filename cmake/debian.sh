# Debian and Ubuntu packages, for the scripts that promise one command on a fresh machine. POSIX sh; to be sourced.

# What the tests, the examples and the benches need.
ordo_packages="g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev librandom123-dev catch2 libcli11-dev libfmt-dev
  zlib1g-dev libbenchmark-dev gnuplot-nox libdnnl-dev liblbfgspp-dev"

# ordo_missing PACKAGE...: those that are not installed.
ordo_missing() {
  for package in "$@"; do
    case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
      *" installed") ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

# ordo_root COMMAND...: runs it as root, through sudo where needed.
ordo_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# ordo_install PACKAGE...: installs what is missing. Where it cannot, says what to install and exits with 1.
ordo_install() {
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    echo "ordo: no apt-get here, so please install by hand what these Debian packages hold, and build with CMake:" \
      "$(echo $*)" >&2
    exit 1
  fi
  missing=$(ordo_missing "$@")
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" -ne 0 ] && ! sudo -v 2>/dev/null; then
    echo "ordo: packages are missing, and installing them needs root or sudo. Please install: $missing" >&2
    exit 1
  fi
  echo "ordo: installing $missing"
  ordo_root apt-get update -qq || echo "ordo: apt-get update failed; trying with the lists at hand" >&2
  if ! ordo_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq \
    --no-install-recommends $missing; then
    echo "ordo: apt-get could not install: $missing" >&2
    exit 1
  fi
}
