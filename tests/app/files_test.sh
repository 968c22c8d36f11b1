#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Model files: their summaries, and how images become their input.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

"$fovea" export mnist-cnn -o net.tflite >/dev/null 2>log || wrong "export: $(tail -1 log)"
"$fovea" export mnist-cnn -o net.onnx >/dev/null 2>log || wrong "export: $(tail -1 log)"
for file in net.tflite net.onnx; do
  "$fovea" summary $file >text 2>log || wrong "summary $file: $(tail -1 log)"
  for words in inputs results operators "fovea reads" "[1, 28, 28, 1] f32: batch, height, width, channels" parameters; do
    grep -qF "$words" text || wrong "summary $file does not say \"$words\": $(cat text)"
  done
  "$fovea" summary $file --json >summary.json 2>log || wrong "summary $file --json: $(tail -1 log)"
  [[ $(json summary.json "j['reads'][0]['shape'], j['gives'][0]['shape'][1], sum(j['operators'].values()) > 5") == "[1, 28, 28, 1] 10 True" ]] ||
    wrong "summary of $file: $(cat summary.json)"
done
[[ $(json summary.json "j['format']") == "ONNX, opset 13" ]] || wrong "format: $(json summary.json "j['format']")"
refused 2 'determines its network' summary net.tflite --train
head -c 2000 net.tflite >cut.tflite
refused 1 'cut.tflite' summary cut.tflite

# A file that fovea wrote says how images become its input; other files do not, and the program tells so.
eval_text() { "$fovea" eval "$@" --data digits:200 --split test >text 2>log; }
eval_text net.tflite || wrong "eval: $(tail -1 log)"
grep -q 'does not say' log && wrong "eval of a file that says its preprocessing: $(cat log)"
sed "s/fovea/other/g" net.tflite >bare.tflite
eval_text bare.tflite || wrong "eval: $(tail -1 log)"
grep -q 'bare.tflite does not say how pictures become its numbers' log || wrong "eval is silent about the preprocessing: $(cat log)"
eval_text bare.tflite --mean 0 --deviation 1 || wrong "eval --mean: $(tail -1 log)"
grep -q 'does not say' log && wrong "eval with a preprocessing given: $(cat log)"
"$fovea" eval net.tflite --data digits:200 --json >own.json 2>log
"$fovea" eval bare.tflite --data digits:200 --mean 0.5 --deviation 0.25 --json >other.json 2>log || wrong "eval --deviation: $(tail -1 log)"
[[ $(json own.json "j['loss']") != "$(json other.json "j['loss']")" ]] || wrong "eval does not use --mean and --deviation"

# Labels in another order are found by their names.
seq 0 9 >same; seq 9 -1 0 >reversed; { seq 0 8; echo ten; } >part
for labels in same reversed; do
  "$fovea" eval net.tflite --data digits:200 --labels $labels --json >$labels.json 2>log || wrong "eval --labels $labels: $(tail -1 log)"
done
[[ $(json same.json "j['loss']") == "$(json own.json "j['loss']")" ]] || wrong "labels in the same order change the answer"
[[ $(json reversed.json "j['loss']") != "$(json own.json "j['loss']")" ]] || wrong "eval does not use --labels"
refused 2 'but not "9"' eval net.tflite --data digits:200 --labels part
refused 2 '--dynamic is for .tflite files' eval net.onnx --data digits:200 --dynamic
finish
