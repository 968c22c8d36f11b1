#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A fault of the program is one line that asks for a report, with exit status 1; a processor that lacks something is refused.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# A crash during work gives one line that contains the command, and exit status 1. A crash while something is compiled would be
# told of that, so everything has to be compiled: an epoch has ended with its test.
for signal in SEGV ABRT; do
  "$fovea" train mnist-mlp --data digits:600 --epochs 100000 --out run >out 2>err &
  child=$!
  for ((i = 0; i < 300; ++i)); do grep -q '^epoch 1' err 2>/dev/null && break; sleep 0.1; done
  kill -$signal $child
  wait $child; status=$?
  ((status == 1)) || wrong "signal $signal: exit status $status"
  [[ $(grep -c '^fovea: internal error: in fovea train: .*please report it' err) == 1 ]] || wrong "signal $signal: said $(head -c 300 err)"
  rm -rf run out err
done

# Processors that LLVM knows but fovea does not support are refused.
refused 2 'cortex-m55' compile mnist-mlp --target armv8-linux-gnueabihf --cpu cortex-m55 -o x.o
refused 2 'cortex-m4' compile mnist-mlp --target arm-linux-gnueabihf --cpu cortex-m4 -o x.o
finish
