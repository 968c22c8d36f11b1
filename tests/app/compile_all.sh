#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles larger networks ahead of time for every target, at their own sizes: compile_all.sh PATH_TO_FOVEA. It takes minutes
# under qemu and is run by hand; compile_test.sh belongs to every test run.
here_folder=$(realpath "$(dirname "$0")")
source "$here_folder/common.sh"
repository=$PWD
cd "$work" || exit 1
source "$here_folder/targets.sh"
data=${FOVEA_DATA:-$repository/../shared/data}/tflite

# An untrained classifier gives every class the same probability, so weights come from Google's file if it is there.
if [[ -d $data ]]; then
  golden tf2_mobilenet_v2_ptq cat
  check cmp golden.x golden.y "$data/tf2_mobilenet_v2_1.0_224_ptq.tflite"
  "$fovea" export "$data/tf2_mobilenet_v2_1.0_224_ptq.tflite" -o mobilenet >/dev/null 2>log || wrong "export: $(tail -1 log)"
  pixels photograph 1x224x224x3; answers photograph mobilenet
  check close photograph.raw photograph.wanted mobilenet
fi
pixels photograph 1x224x224x3; answers photograph efficientnet-edgetpu-s
check close photograph.raw photograph.wanted efficientnet-edgetpu-s
finish
