#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the RUN lines of a test: filecheck.sh FILE FOLDER... with the folders that hold fovea-opt and FileCheck. FILE is MLIR or LLVM IR.
# In a RUN line %s is the file, %t a temporary file; a line that ends in \ goes on in the next RUN line.
set -euo pipefail
file=$1; shift
for folder in "$@"; do PATH=$folder:$PATH; done
temporary=$(mktemp -d); trap 'rm -rf "$temporary"' EXIT
commands=$(sed -nE 's%^ *(//|;) *RUN: *%%p' "$file" | sed -e ':join' -e '/\\$/{N;s/ *\\\n/ /;b join' -e '}')
[[ -n $commands ]] || { echo "$file has no RUN line"; exit 1; }
while IFS= read -r command; do
  command=${command//%s/$file}; command=${command//%t/$temporary/out}
  bash -o pipefail -c "$command" </dev/null || { echo "failed: $command"; exit 1; }
done <<<"$commands"
