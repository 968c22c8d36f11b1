#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A run that is killed 20 times, mostly while a checkpoint is being written, resumes from a complete checkpoint each time and
# ends with the same bytes as a run that was never stopped. It has everything that a checkpoint can contain: RMSProp's state,
# averages, and steps in parts.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
settings=(mnist-mlp --data digits:2400 --epochs 3 --batch 32 --seed 5 --optimizer rmsprop --rate 0.001 --schedule exponential
  --set optimizer.epsilon=1e-3 --set accumulate=2 --set average.decay=0.99 --set checkpoint.every_steps=1 --set checkpoint.keep=2)
bytes() { (cd "$1" && sha256sum ./*.safetensors); }

"$fovea" train "${settings[@]}" --out straight >/dev/null 2>straight.log || wrong "training: $(tail -1 straight.log)"

RANDOM=7
kills=0 in_write=0
arguments=("${settings[@]}")
while ((kills < 20)); do
  "$fovea" train "${arguments[@]}" --out killed >/dev/null 2>killed.log & pid=$!
  # The first checkpoint has begun; the moment of the kill after that is random.
  until compgen -G "killed/*.$pid.tmp" >/dev/null || ! kill -0 $pid 2>/dev/null; do :; done
  sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null; status=$?
  ((status == 137)) || { wrong "kill $kills: exit status $status: $(tail -1 killed.log)"; break; }
  kills=$((kills + 1))
  compgen -G "killed/*.$pid.tmp" >/dev/null && in_write=$((in_write + 1))
  if [[ -f killed/state.json ]]; then arguments=(--resume); else arguments=("${settings[@]}"); fi
done
"$fovea" train "${arguments[@]}" --out killed >/dev/null 2>killed.log || wrong "resuming: $(tail -1 killed.log)"
echo "$kills kills, $in_write of them left a file half written"
((in_write >= 5)) || wrong "only $in_write of the kills came while something was being written"
[[ $(bytes straight) == "$(bytes killed)" ]] || wrong "a killed and resumed run differs from one never stopped"
[[ $(find killed -name '*.tmp') == "" ]] || wrong "files half written stay: $(find killed -name '*.tmp')"
[[ $(cut -d, -f1-8 straight/metrics.jsonl) == $(cut -d, -f1-8 killed/metrics.jsonl) ]] || wrong "their metrics differ"
finish
