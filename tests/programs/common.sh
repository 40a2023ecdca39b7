# What the tests of programs share; each is called as <script> FOLDER_OF_PROGRAMS WORK_FOLDER and sources this file,
# which sets `programs` and goes to the work folder, new and empty.
programs=$(cd "$1" && pwd) || exit 1
work=$2
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1

# A small text: write_text FILE WORDS SEED. The same arguments give the same text.
write_text() {
  awk -v words="$2" -v seed="$3" 'BEGIN {
    n = split("the a of and to in that it was her she he not for with as had but at on one tree river stone light", w, " ")
    x = seed
    for (i = 1; i <= words; ++i) {
      x = (x * 1103515245 + 12345) % 2147483648
      printf "%s%s", w[1 + int(x / 65536) % n], (i % 12 ? " " : ".\n")
    }
  }' > "$1"
}

# refuses PART COMMAND...: the command must fail, and its sentence on stderr hold the part.
refuses() {
  part=$1
  shift
  if "$@" > out.log 2> err.log; then echo "wanted a refusal: $*"; exit 1; fi
  grep -qF -- "$part" err.log || { echo "wanted '$part': $*"; cat err.log; exit 1; }
}

# A script that fails shows the ends of the files that it wrote last: where it was, and what a program said.
trap 'status=$?
if [ $status -ne 0 ] && [ $status -ne 77 ]; then
  for file in $(ls -t -- *.txt *.log 2> /dev/null | head -n 4); do echo "--- $file"; tail -n 5 "$file"; done
fi' EXIT
