#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One recipe gives one result, for any number of threads and however often the run was killed.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
settings=(mnist-mlp --data digits:6000 --epochs 3 --batch 32 --seed 5 --set checkpoint.every_steps=50)

bytes() { (cd "$1" && sha256sum ./*.safetensors); }

"$fovea" train "${settings[@]}" --threads 1 --out straight --json >straight.json 2>straight.log || wrong "training: $(tail -1 straight.log)"
"$fovea" train "${settings[@]}" --threads 2 --out two >/dev/null 2>&1 || wrong "training with two threads"
[[ $(bytes straight) == "$(bytes two)" ]] || wrong "one and two threads differ"

# The same for a convolutional network, whose kernels have many tiles, and for one that draws random numbers.
for model in mnist-cnn mnist-mlp-demo; do
  for threads in 1 2 3; do
    "$fovea" train $model --data digits:600 --epochs 1 --batch 32 --threads $threads --out $model-$threads >/dev/null 2>log || wrong "$model: $(tail -1 log)"
    [[ $(bytes $model-1) == "$(bytes $model-$threads)" ]] || wrong "$model: one and $threads threads differ"
  done
done

# The run is killed again and again at moments that are independent of steps: fractions of the time of a whole run.
"$fovea" train "${settings[@]}" --out warm >/dev/null 2>&1  # fills the cache of kernels
start=$EPOCHREALTIME; "$fovea" train "${settings[@]}" --overwrite --out warm >/dev/null 2>&1; end=$EPOCHREALTIME
killed_after() {
  local share=$1; shift
  timeout -s KILL "$(python3 -c "print($share * ($end - $start))")" "$fovea" train "$@" --out killed >/dev/null 2>&1
  (($? == 137)) && kills=$((kills + 1))
}
kills=0
for share in 0.4 0.6 0.8; do [[ -f killed/state.json ]] || killed_after $share "${settings[@]}"; done
[[ -f killed/state.json ]] || "$fovea" train "${settings[@]}" --out killed >/dev/null 2>&1
for share in 0.23 0.37 0.31 0.29; do killed_after $share --resume --threads 2; done
((kills >= 2)) || wrong "only $kills of the kills came in time"
"$fovea" train --resume --out killed --json >killed.json 2>killed.log || wrong "resuming: $(tail -1 killed.log)"
[[ $(bytes straight) == "$(bytes killed)" ]] || wrong "a killed and resumed run differs from one never stopped"
[[ $(json straight.json "j['top1'],j['loss']") == $(json killed.json "j['top1'],j['loss']") ]] || wrong "their evaluations differ"
[[ $(cut -d, -f1-8 straight/metrics.jsonl) == $(cut -d, -f1-8 killed/metrics.jsonl) ]] || wrong "their metrics differ"

# Ctrl-C saves first, and prints how to resume.
"$fovea" train "${settings[@]}" --set epochs=200 --out stopped >/dev/null 2>stopped.log & pid=$!
for _ in $(seq 200); do [[ -f stopped/state.json ]] && break; sleep 0.05; done
kill -INT $pid; wait $pid; status=$?
((status == 130)) || wrong "exit status $status after Ctrl-C"
grep -q 'fovea: interrupted by Ctrl-C at step .* fovea train --resume --out stopped' stopped.log || wrong "after Ctrl-C: $(tail -1 stopped.log)"

# The files of a finished run, and what can be done with it.
for file in recipe.toml labels.txt metrics.jsonl state.json model.safetensors curves.svg confusion.svg; do
  [[ -s straight/$file ]] || wrong "the run has no $file"
done
[[ $(find straight -name '*.tfevents.*' | wc -l) == 1 ]] || wrong "the run has no event file"
"$fovea" eval straight --json >eval.json 2>/dev/null || wrong "eval"
[[ $(json eval.json "j['top1'],j['top5'],j['loss'],j['count']") == $(json straight.json "j['top1'],j['top5'],j['loss'],j['count']") ]] ||
  wrong "eval and train disagree: $(cat eval.json)"
(( $(json straight.json "int(100*j['top1'])") >= 60 )) || wrong "nothing learnt: top-1 $(json straight.json "j['top1']")"
refused 2 'holds a run already; --resume continues it' train "${settings[@]}" --out straight

# A corrupt file is noticed.
cp -r straight hurt
echo '{"format": 1' >hurt/state.json; refused 1 'hurt/state.json is damaged' train --resume --out hurt
python3 - straight/state.json hurt/state.json <<'P'
import json, sys
state = json.load(open(sys.argv[1])); del state["step"]; json.dump(state, open(sys.argv[2], "w"))
P
refused 1 'hurt/state.json: "step" is missing' train --resume --out hurt
python3 - straight/state.json hurt/state.json <<'P'
import json, sys
state = json.load(open(sys.argv[1])); state["batch"] = -1; json.dump(state, open(sys.argv[2], "w"))
P
refused 1 '"batch" must be a whole number, 0 or more' train --resume --out hurt
cp straight/state.json hurt/; truncate -s 1000 hurt/checkpoint-*.safetensors
refused 1 'hurt/checkpoint-' train --resume --out hurt
truncate -s 1000 hurt/model.safetensors; refused 1 'hurt/model.safetensors' eval hurt
printf '\377\377\377\377\377\377\377\177{}' >hurt/model.safetensors; refused 1 'hurt/model.safetensors' eval hurt
rm hurt/model.safetensors hurt/checkpoint-*; refused 1 'cannot read hurt/checkpoint-' eval hurt
finish
