# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of the program: NAME_test.sh PATH_TO_FOVEA.
set -uo pipefail
fovea=$(realpath "$1")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
# Tests share compiled kernels, which are found by their content, so that each is compiled once.
export FOVEA_CACHE=${FOVEA_TEST_CACHE:-$work/cache}
failures=0

wrong() { echo "FAILED: $*"; failures=$((failures + 1)); }

# refused STATUS 'part of the message' ARGUMENTS...: the command must end with that exit status and print only one line, which
# contains the text, on standard error.
refused() {
  local status=$1 message=$2 got; shift 2
  "$fovea" "$@" >"$work/out" 2>"$work/err" </dev/null; got=$?
  ((got == status)) || wrong "fovea $*: exit status $got, wanted $status: $(head -c 300 "$work/err")"
  local said; said=$(grep -v '^fovea: ' "$work/err" || true)
  [[ $(grep -c '^fovea: ' "$work/err") == 1 ]] || wrong "fovea $*: not one line of error: $(head -c 300 "$work/err")"
  grep -qF -- "$message" "$work/err" || wrong "fovea $*: said \"$(tail -1 "$work/err")\", wanted \"$message\""
  [[ -z $said ]] || wrong "fovea $*: said more than the error: $said"
}

# json FILE EXPRESSION: the value of a Python expression over the JSON `j`.
json() { python3 -c "import json,sys; j=json.load(open(sys.argv[1])); print($2)" "$1"; }

finish() {
  ((failures == 0)) || { echo "$failures failed"; exit 1; }
  echo "all right"
}
