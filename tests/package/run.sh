#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the build into a temporary folder, and builds and runs a small project that finds it there: run.sh BUILD_FOLDER
set -euo pipefail
build=$1 here=$(cd "$(dirname "$0")" && pwd)
temporary=$(mktemp -d); trap 'rm -rf "$temporary"' EXIT
cmake --install "$build" --prefix "$temporary/fovea" >"$temporary/log"
cmake -S "$here" -B "$temporary/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$temporary/fovea" >>"$temporary/log" 2>&1 ||
  { tail -20 "$temporary/log"; exit 1; }
cmake --build "$temporary/build" >>"$temporary/log" 2>&1 || { tail -20 "$temporary/log"; exit 1; }
FOVEA_CACHE=$temporary/cache "$temporary/build/consumer"
"$temporary/fovea/bin/fovea" --version
