#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Policies, erasing and mixing in a training run: one recipe gives one result, for any number of threads and across an
# interruption.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
settings=(mnist-mlp --data digits:3000 --epochs 4 --batch 50 --seed 5 --set augment.policy=randaugment --set augment.magnitude=5
  --set augment.erasing=0.25 --set augment.mixup=0.2 --set augment.cutmix=1 --set loss.label_smoothing=0.1)

bytes() { sha256sum <"$1/model.safetensors"; }

"$fovea" train "${settings[@]}" --threads 1 --out one --json >one.json 2>log || wrong "training: $(tail -1 log)"
"$fovea" train "${settings[@]}" --threads 2 --out two >/dev/null 2>log || wrong "two threads: $(tail -1 log)"
[[ $(bytes one) == "$(bytes two)" ]] || wrong "one and two threads differ"
(($(json one.json "int(100*j['top1'])") >= 40)) || wrong "nothing learnt: top-1 $(json one.json "j['top1']")"

"$fovea" train "${settings[@]}" --set checkpoint.every_steps=7 --out cut >/dev/null 2>log & pid=$!
for _ in $(seq 400); do [[ -f cut/state.json ]] && break; sleep 0.02; done
kill -KILL $pid; wait $pid 2>/dev/null
[[ ! -f cut/model.safetensors ]] || wrong "the run was over before it was killed"
"$fovea" train --resume --out cut >/dev/null 2>log || wrong "resuming: $(tail -1 log)"
[[ $(bytes one) == "$(bytes cut)" ]] || wrong "a killed and resumed run differs from one never stopped"

# Training without mixing gives other weights, and so does leaving out any part of the augmentation.
for key in augment.policy=none augment.erasing=0 augment.mixup=0 augment.cutmix=0; do
  "$fovea" train "${settings[@]}" --set $key --out other --overwrite >/dev/null 2>log || wrong "$key: $(tail -1 log)"
  [[ $(bytes one) != "$(bytes other)" ]] || wrong "$key changes nothing"
done

refused 2 'unknown augment.policy "randaugmnt"; did you mean "randaugment"?' train mnist-mlp --data digits --set augment.policy=randaugmnt
refused 2 'augment.erasing is 2' train mnist-mlp --data digits --set augment.erasing=2
finish
