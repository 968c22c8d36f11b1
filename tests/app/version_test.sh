#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The output of --version, and with --json the facts that a report of a fault needs.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
export FOVEA_CACHE=$work/cache

"$fovea" --version >text 2>log || wrong "--version: $(tail -1 log)"
"$fovea" --version --json >version.json 2>log || wrong "--version --json: $(tail -1 log)"
"$fovea" --json --version >other.json 2>log || wrong "--json --version: $(tail -1 log)"
cmp -s version.json other.json || wrong "--version and --json in another order: $(cat other.json)"
[[ $(cat text) == "fovea $(json version.json "j['version']")" ]] || wrong "the text \"$(cat text)\" is of another version than $(cat version.json)"
[[ $(json version.json "j['format']") == 1 ]] || wrong "format: $(cat version.json)"
[[ $(json version.json "all([j['compiler'], j['llvm'], j['processor']['name'], j['processor']['vector_bytes'] > 0])") == True ]] ||
  wrong "what is missing: $(cat version.json)"
[[ $(json version.json "j['kernel_cache']") == "$FOVEA_CACHE" ]] || wrong "kernel cache: $(cat version.json)"
[[ ! -e $FOVEA_CACHE ]] || wrong "asking for the version makes the folder of the kernel cache"
FOVEA_CACHE=off "$fovea" --version --json >off.json 2>log || wrong "without a cache: $(tail -1 log)"
[[ $(json off.json "j['kernel_cache']") == None ]] || wrong "kernel cache that is off: $(cat off.json)"

FOVEA_CPU=none-such refused 2 'unknown processor "none-such"' --version --json
refused 2 '--json requires --version' --json models
refused 2 'no command is given' --json
finish
