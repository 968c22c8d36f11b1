#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Divergence is noticed and its layer named, a folder has one writer at a time, a finished run is not replaced without a
# request, and a run can be resumed with the same options.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
bytes() { (cd "$1" && sha256sum ./*.safetensors); }
settings=(mnist-mlp --data digits:600 --batch 50 --set rate.warmup_epochs=0)

# A run diverges at once, or later after a checkpoint, which is kept; also with steps in parts, averages, and in bf16.
diverges() {
  local name=$1 said=$2; shift 2
  "$fovea" train "${settings[@]}" "$@" --out "$name" >/dev/null 2>"$name.log"; local status=$?
  ((status == 1)) || wrong "$name: exit status $status: $(tail -1 "$name.log")"
  grep -qE "^fovea: training diverged in epoch [0-9]+: after step [0-9]+ .*; it began in layer \"(dense|fc)[0-9a-z]*\".*$said" "$name.log" || wrong "$name: $(tail -1 "$name.log")"
  [[ ! -e $name/model.safetensors ]] || wrong "$name: a finished network is left"
}
diverges first 'has no checkpoint yet' --rate 1e20 --epochs 2
diverges parts 'has no checkpoint yet' --rate 1e20 --epochs 2 --set accumulate=2 --set average.decay=0.9 --optimizer adam
diverges half 'has no checkpoint yet' --rate 1e25 --epochs 2 --dtype bf16
diverges later 'The last checkpoint in later is whole' --rate 1000 --epochs 3 --set checkpoint.every_steps=1
python3 - later/*.safetensors <<'P' || wrong "the checkpoint that stays is not finite"
import json, math, struct, sys
assert len(sys.argv) > 1
for path in sys.argv[1:]:
    data = open(path, "rb").read(); n = struct.unpack("<Q", data[:8])[0]
    for name, t in json.loads(data[8:8 + n]).items():
        if name != "__metadata__":
            a, b = t["data_offsets"]; assert all(map(math.isfinite, struct.unpack("<%df" % ((b - a) // 4), data[8 + n + a:8 + n + b]))), (path, name)
P
grep -q '"epoch"' first/metrics.jsonl && wrong "metrics of an epoch that never was"

# Weights that are not finite are refused when they are loaded.
"$fovea" export mnist-mlp -o good.safetensors >/dev/null 2>&1
python3 - <<'P'
import json, struct
data = bytearray(open("good.safetensors", "rb").read()); n = struct.unpack("<Q", data[:8])[0]
a = json.loads(data[8:8 + n])["dense2.bias"]["data_offsets"][0]; data[8 + n + a:8 + n + a + 4] = struct.pack("<f", float("nan"))
open("nan.safetensors", "wb").write(data)
P
"$fovea" train "${settings[@]}" --weights nan.safetensors --out bad >/dev/null 2>log; (($? == 1)) && grep -q '^fovea: tensor "dense2.bias" of nan.safetensors is not finite before the first step' log || wrong "trained from nan: $(tail -1 log)"
"$fovea" eval mnist-mlp --weights nan.safetensors --data digits:60 >/dev/null 2>log; (($? == 1)) && grep -q 'not finite; it began in layer "dense2"' log || wrong "eval of nan: $(tail -1 log)"

# There is one writer. A second one is told who the first is and changes nothing.
"$fovea" train "${settings[@]}" --epochs 2 --out alone >/dev/null 2>&1 || wrong "training"
"$fovea" train "${settings[@]}" --epochs 400 --out busy >/dev/null 2>busy.log & pid=$!
for _ in $(seq 400); do [[ -f busy/state.json ]] && break; sleep 0.05; done
for option in --overwrite --resume; do refused 1 "process $pid is writing into busy already" train "${settings[@]}" --out busy $option; done
kill -KILL $pid; wait $pid 2>/dev/null
"$fovea" train "${settings[@]}" --epochs 2 --out busy --overwrite >/dev/null 2>log || wrong "after a kill: $(tail -1 log)"
[[ $(bytes busy) == "$(bytes alone)" ]] || wrong "after a kill, another result"
[[ ! -e busy/.lock ]] || wrong "the lock stays"

# Nothing finished is replaced without a request, nor is an exported run; a request that fails replaces nothing.
refused 2 'holds a run already' train "${settings[@]}" --out alone
"$fovea" export mnist-mlp -o file.tflite >/dev/null 2>&1; mkdir exported; cp good.safetensors exported/model.safetensors
refused 2 'holds a run already' train "${settings[@]}" --out exported
before=$(bytes alone)
"$fovea" train mnist-mlp --data images:nowhere --out alone --overwrite >/dev/null 2>&1 && wrong "trained on nothing"
[[ $(bytes alone) == "$before" ]] || wrong "a run was replaced by nothing"

# Resuming takes the same options again, a part of them, none, and another spelling of a path; real changes are named.
resume=(train --resume --out cut)
"$fovea" train "${settings[@]}" --epochs 2 --set checkpoint.every_steps=3 --seed 4 --out whole >/dev/null 2>&1
"$fovea" train "${settings[@]}" --epochs 2 --set checkpoint.every_steps=3 --seed 4 --out cut >/dev/null 2>&1 & pid=$!
for _ in $(seq 400); do [[ -f cut/state.json ]] && break; sleep 0.01; done
kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
refused 2 'a resumed run keeps the recipe it was started with: epochs is 2, 5 was asked for' "${resume[@]}" --epochs 5
refused 2 "optimizer.name is 'sgd', 'adam' was asked for; rate.peak is" "${resume[@]}" mnist-mlp --optimizer adam --rate 0.5
refused 2 "model is 'mnist-mlp', 'mnist-cnn' was asked for" "${resume[@]}" mnist-cnn
refused 2 'seed is 4, 1 was asked for' "${resume[@]}" --seed 1
printf 'epochs = 2\nbatch = 60\n' >r.toml; refused 2 'batch is 50, 60 was asked for' "${resume[@]}" --recipe r.toml
sed -i 's/^epochs = 2/epochs = 7/' cut/recipe.toml
"$fovea" "${resume[@]}" "${settings[@]}" --epochs 2 --set checkpoint.every_steps=3 --seed 4 >/dev/null 2>log || wrong "the same options again: $(tail -1 log)"
grep -q 'cut/recipe.toml was edited, and the run keeps what it was started with: epochs was 2 and is 7 there' log || wrong "an edited recipe: $(cat log)"
[[ $(bytes whole) == "$(bytes cut)" ]] || wrong "resumed with options, another result"
for options in "" "--data digits:600" "mnist-mlp --batch 50"; do "$fovea" "${resume[@]}" $options >/dev/null 2>log || wrong "resume $options: $(tail -1 log)"; done

# A warm-up may be longer than the run.
"$fovea" train mnist-mlp --data digits:600 --epochs 2 --set rate.warmup_epochs=5 --out warm >/dev/null 2>log || wrong "a long warm-up: $(tail -1 log)"
grep -q 'rate.warmup_epochs is 5, longer than 2 epochs: it is made 0.2' log || wrong "a long warm-up: $(cat log)"
grep -q '^warmup_epochs = 0.2' warm/recipe.toml || wrong "the recipe keeps $(grep warmup warm/recipe.toml)"
"$fovea" train mnist-mlp --data digits:600 --epochs 2 --set rate.warmup_epochs=5 --out warm --resume >/dev/null 2>log || wrong "and again: $(tail -1 log)"
finish
