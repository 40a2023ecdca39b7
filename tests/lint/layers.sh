#!/bin/sh
# Checks the layers of include/ordo: includes point to the same folder or downwards, and each package is named in one
# place only. Usage: layers.sh INCLUDE_FOLDER        exit 0: all well; 1: every offence on a line of its own
set -u
cd "$1" || exit 1
if [ -z "$(find . -name '*.hpp' -o -name '*.cuh')" ]; then
  echo "no header found under $1"
  exit 1
fi

# The code of every header, one line each as "path:number: code", comments removed.
find . \( -name '*.hpp' -o -name '*.cuh' \) | sed 's|^\./||' | sort | xargs awk '
  FNR == 1 { block = 0 }
  {
    code = $0
    if (block) { if (!sub(/.*\*\//, "", code)) next; block = 0 }
    gsub(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//, "", code)
    if (code !~ /"[^"]*\/\//) sub(/\/\/.*/, "", code)
    if (sub(/\/\*.*/, "", code)) block = 1
    if (code ~ /[^ \t]/) print FILENAME ":" FNR ": " code
  }' | awk '
  BEGIN {
    # What each folder may include beside itself. Policies and backends meet the model in user code and in the
    # umbrella headers (ordo/*.hpp), which may include everything. The verbs share a layer, so they may use one
    # another, but never in a circle.
    verbs = "data io train evaluate generate lab"
    allow["core"] = ""
    allow["concepts"] = "core"
    allow["factorization"] = "core concepts"
    allow["backend"] = "core concepts"
    allow["model"] = "core concepts"
    count = split(verbs, verb, " ")
    for (i = 1; i <= count; ++i) { allow[verb[i]] = "core concepts model " verbs; is_verb[verb[i]] = 1 }

    # Where each package may be named.
    package["Eigen"] = "^ordo/(backend/cpu/|lab/minimise[.]hpp$)"; names["Eigen"] = "(<Eigen/|[^A-Za-z_]Eigen::)"
    package["oneDNN"] = "^ordo/backend/cpu/";       names["oneDNN"] = "(<oneapi/|<dnnl|[^A-Za-z_]dnnl::)"
    package["nlohmann-json"] = "^ordo/io/";         names["nlohmann-json"] = "(<nlohmann/|nlohmann::)"
    package["Random123"] = "^ordo/core/rng[.]hpp$"; names["Random123"] = "(<Random123/|r123::)"
    package["LBFGS++"] = "^ordo/lab/minimise[.]hpp$"; names["LBFGS++"] = "(<LBFGS|LBFGSpp::)"
    package["CUDA"] = "^ordo/backend/cuda/";        names["CUDA"] = "(<cuda|<cublas|<thrust/|<cub/|thrust::)"
  }
  function say(text) { print place ": " text; bad = 1 }
  # "ordo/backend/cpu/gemm.hpp" is in folder backend; "ordo/ordo.hpp" in "" (the umbrella headers).
  function folder(path, part) { return split(path, part, "/") > 2 ? part[2] : "" }
  function subfolder(path, part) { return split(path, part, "/") > 3 ? part[3] : "" }
  {
    split($1, where, ":")
    file = where[1]
    place = where[1] ":" where[2]
    from = folder(file)
    if (!(file in seen)) {
      seen[file] = 1
      if (file !~ /^ordo\//) say("headers live under include/ordo")
      else if (from != "" && !(from in allow)) say("folder " from " is in no layer")
    }
    for (p in package)
      if ($0 ~ names[p] && file !~ package[p]) say("names " p ", which belongs to " package[p])

    # Headers never print, exit or handle signals.
    if ($0 ~ /<(iostream|cstdio|csignal)>|std::(cout|cerr|clog|exit|quick_exit|abort|signal|puts)[^A-Za-z_]/)
      say("prints, exits or handles signals: that belongs to programs")
    if ($0 ~ /[^A-Za-z_]f?printf[ ]*\(/) say("prints: that belongs to programs")
  }
  /#[ \t]*include[ \t]*"/ { say("write #include <ordo/...>, not a quoted path") }
  /#[ \t]*include[ \t]*<ordo\// {
    path = $0
    sub(/.*#[ \t]*include[ \t]*</, "", path)
    sub(/>.*/, "", path)
    to = folder(path)
    if (from == "") next
    if (to == "") { say("includes the umbrella header " path); next }
    if (to != from && index(" " allow[from] " ", " " to " ") == 0) { say(from " must not include " to " (" path ")"); next }
    if (from == "backend" && to == "backend") {
      a = subfolder(file); b = subfolder(path)
      if (a != b && b != "reference" && b != "") say("backend/" a " must not include backend/" b)
    }
    if (is_verb[from] && is_verb[to] && from != to && !((from, to) in edge)) { edge[from, to] = place; ++edges }
  }
  END {
    # Take away verbs that use no remaining verb; what cannot be taken away uses another in a circle.
    for (i = 1; i <= count; ++i) left[verb[i]] = 1
    do {
      removed = 0
      for (v in left) {
        free = 1
        for (w in left) if ((v, w) in edge) free = 0
        if (free) { delete left[v]; removed = 1; break }
      }
    } while (removed)
    for (v in left) for (w in left) if ((v, w) in edge) {
      place = edge[v, w]
      say(v " and " w " are part of a circle of includes")
    }
    exit bad
  }' || exit 1

# One idea a header: 350 lines at most.
find . \( -name '*.hpp' -o -name '*.cuh' \) -exec awk 'END { if (NR > 350) { print FILENAME ": " NR " lines, 350 at most" } }' '{}' ';' |
  sed 's|^\./||' | { ! grep . ; } || exit 1

echo "$(find . \( -name '*.hpp' -o -name '*.cuh' \) | wc -l) headers keep to their layers"
