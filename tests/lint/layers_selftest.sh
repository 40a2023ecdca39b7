#!/bin/sh
# The layer check must refuse each kind of wrong tree, and accept a right one. Usage: layers_selftest.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# header PATH TEXT: writes one header of the tree at hand.
header() { mkdir -p "$work/$(dirname "$1")" && printf '%b\n' "$2" >"$work/$1"; }
# expect STATUS MESSAGE WHAT: runs the check; its output must hold MESSAGE. The tree starts anew afterwards.
expect() {
  output=$(sh "$here/layers.sh" "$work" 2>&1)
  status=$?
  if [ "$status" -ne "$1" ] || ! printf '%s\n' "$output" | grep -qF -- "$2"; then
    printf '%s: expected exit %s and "%s", got exit %s and:\n%s\n' "$3" "$1" "$2" "$status" "$output"
    failures=$((failures + 1))
  fi
  rm -rf "$work/ordo"
}

expect 1 "no header found" "an empty tree"
header ordo/core/a.hpp '#include <ordo/concepts/b.hpp>'
expect 1 "core must not include concepts" "upwards"
header ordo/factorization/a.hpp '#include <ordo/backend/cpu/b.hpp>'
expect 1 "factorization must not include backend" "a policy that knows a backend"
header ordo/backend/cpu/a.hpp '#include <ordo/factorization/rule/b.hpp>'
expect 1 "backend must not include factorization" "a backend that knows a policy"
header ordo/backend/cpu/a.hpp '#include <ordo/backend/cuda/b.hpp>'
expect 1 "backend/cpu must not include backend/cuda" "one backend that knows another"
header ordo/model/a.hpp '#include <ordo/factorization/left_to_right.hpp>'
expect 1 "model must not include factorization" "a model that knows a policy"
header ordo/model/a.hpp '#include <ordo/train/b.hpp>'
expect 1 "model must not include train" "a model that knows a verb"
header ordo/train/a.hpp '#include <ordo/ordo.hpp>'
expect 1 "includes the umbrella header" "a part that includes the umbrella"
header ordo/train/a.hpp '  #  include <ordo/io/b.hpp>'
header ordo/io/b.hpp '#include <ordo/data/c.hpp>'
header ordo/data/c.hpp '#include <ordo/train/a.hpp>'
expect 1 "part of a circle" "verbs in a circle"
header ordo/train/a.hpp '#include "b.hpp"'
expect 1 "quoted path" "a quoted include"
header ordo/tools/a.hpp '#pragma once'
expect 1 "in no layer" "an unknown folder"
header ordo/model/a.hpp '#include <Eigen/Dense>'
expect 1 "names Eigen" "Eigen in the model"
header ordo/backend/reference/a.hpp 'using M = Eigen::MatrixXf;'
expect 1 "names Eigen" "Eigen in the reference"
header ordo/train/a.hpp '#include <nlohmann/json.hpp>'
expect 1 "names nlohmann-json" "JSON outside io"
header ordo/core/choices.hpp '#include <Random123/philox.h>'
expect 1 "names Random123" "Random123 outside core/rng.hpp"
header ordo/model/a.hpp '#include <cuda_runtime.h>'
expect 1 "names CUDA" "CUDA outside backend/cuda"
header ordo/model/a.hpp '#include <oneapi/dnnl/dnnl.hpp>'
expect 1 "names oneDNN" "oneDNN outside backend/cpu"
header ordo/train/a.hpp 'inline void f() { std::cout << 1; }'
expect 1 "prints" "a header that prints"
header ordo/core/a.hpp "$(awk 'BEGIN { for (i = 0; i < 351; ++i) print "// line" }')"
expect 1 "351 lines" "a long header"

header ordo/core/rng.hpp '#include <Random123/philox.h> // <Eigen/Dense> only in a comment\n/* std::cout\n <Eigen/Core> */'
header ordo/concepts/a.hpp '#include <ordo/core/rng.hpp>'
header ordo/factorization/a.hpp '#include <ordo/concepts/a.hpp>\n#include <ordo/factorization/rule/b.hpp>'
header ordo/factorization/rule/b.hpp '#include <ordo/core/rng.hpp>'
header ordo/backend/cpu/a.hpp '#include <Eigen/Core>\n#include <ordo/backend/reference/b.hpp>'
header ordo/backend/reference/b.hpp '#include <ordo/core/rng.hpp>'
header ordo/model/a.hpp '#include <ordo/concepts/a.hpp>'
header ordo/io/a.hpp '#include <nlohmann/json.hpp>\n#include <ordo/model/a.hpp>'
header ordo/train/a.hpp '#include <ordo/io/a.hpp>'
header ordo/ordo.hpp '#include <ordo/train/a.hpp>\n#include <ordo/factorization/a.hpp>\n#include <ordo/backend/cpu/a.hpp>'
expect 0 "10 headers keep to their layers" "a right tree"

[ "$failures" -eq 0 ]
