#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fovea quantize --lose: stops at the first step that suffices, says what each gained, and writes nothing where none does.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
data=digits:2400
"$fovea" train lenet5 --data $data --epochs 3 --batch 32 --out run --threads 1 >/dev/null 2>log || wrong "training: $(tail -1 log)"

# Nothing after the first step that suffices is tried, and the file's accuracy is that of the step.
"$fovea" quantize run --calibrate $data --images 100 --evaluate $data --lose 3% -o a.tflite --threads 1 --json >a.json 2>log ||
  wrong "quantize: $(tail -1 log)"
[[ $(json a.json "(j['reached'], len(j['steps']), j['steps'][0]['step'], j['best'])") == "(True, 1, 'ranges', 0)" ]] || wrong "steps: $(json a.json "j['steps']")"
"$fovea" eval a.tflite --data $data --json --threads 1 >file.json 2>log || wrong "eval of the file: $(tail -1 log)"
[[ $(json file.json "j['top1']") == "$(json a.json "j['steps'][0]['top1']")" ]] || wrong "the file answers otherwise than what was measured"

# Without labels, the answers of random weights, which are close to each other, are compared. Some change whatever is tried.
search=(lenet5 --calibrate $data --images 50 --per-tensor --lose 0%)
"$fovea" quantize "${search[@]}" -o b.tflite --threads 1 --json >b.json 2>log; status=$?
((status == 1)) || wrong "exit status $status of a search in vain"
[[ -e b.tflite || -e b.svg ]] && wrong "a network that loses too much was written"
grep -q 'fovea: the best of .* steps loses .*% of the answers, and 0.00% of the answers may be lost: .*; nothing was written (--or-best writes it)' log || wrong "said: $(tail -1 log)"
[[ $(json b.json "sorted({s['step'] for s in j['steps']})") == "['biases', 'float layers', 'ranges', 'rounding']" ]] || wrong "tried: $(json b.json "[s['step'] for s in j['steps']]")"
# With one scale for each layer, the ranges are those of the equalized network.
[[ $(json b.json "all(s['detail'].endswith('pairs of layers equalized') for s in j['steps'] if s['step'] == 'ranges')") == True ]] || wrong "not equalized: $(json b.json "[s['detail'] for s in j['steps']]")"
[[ $(json b.json "(j['reached'], j['steps'][j['best']]['lost'] == min(s['lost'] for s in j['steps']), j['images'])") == "(False, True, 1000)" ]] || wrong "best: $(json b.json "j['steps']")"
"$fovea" quantize "${search[@]}" -o c.tflite --threads 2 --or-best --json >c.json 2>log || wrong "--or-best: $(tail -1 log)"
[[ -s c.tflite ]] || wrong "--or-best wrote nothing"
same='[[(s[k]) for k in ("step", "detail", "agreement", "kept")] for s in j["steps"]]'
[[ $(json b.json "$same") == "$(json c.json "$same")" ]] || wrong "one and two threads differ: $(json b.json "$same") $(json c.json "$same")"
"$fovea" eval c.tflite --data $data --threads 1 >/dev/null 2>log || wrong "eval of it: $(tail -1 log)"

# A network of integers is quantized anew if that is asked for.
refused 2 'holds integers already; --anew' quantize a.tflite --calibrate $data
"$fovea" quantize a.tflite --anew --calibrate $data --images 100 --evaluate $data --lose 10% -o anew.tflite --threads 1 --json >d.json 2>log || wrong "--anew: $(tail -1 log)"
[[ $(json d.json "abs(j['before']['top1'] - $(json file.json "j['top1']")) < 0.05 and j['steps'][0]['agreement'] > 0.85") == True ]] || wrong "--anew: $(json d.json "j['before'], j['steps']")"

# Weights of 4 bits take half the bytes, and the file answers as was measured.
"$fovea" quantize run --calibrate $data --images 100 --evaluate $data --weight-bits 4 --eight-bit-layers conv1 -o four.tflite --threads 1 --json >four.json 2>log ||
  wrong "--weight-bits 4: $(tail -1 log)"
(($(stat -c %s four.tflite) < $(stat -c %s a.tflite) * 6 / 10)) || wrong "4 bits: $(stat -c %s four.tflite a.tflite) bytes"
"$fovea" eval four.tflite --data $data --json --threads 1 >file.json 2>log || wrong "eval of 4 bits: $(tail -1 log)"
[[ $(json file.json "j['top1']") == "$(json four.json "j['after']['top1']")" ]] || wrong "4 bits: the file answers otherwise than what was measured"
refused 2 '--weight-bits is 8 or 4, not 3' quantize run --calibrate $data --weight-bits 3
refused 2 '--eight-bit-layers leaves layers out of --weight-bits 4' quantize run --calibrate $data --eight-bit-layers conv1

for bad in nonsense 0.5 50% -1% 1%% nan '%'; do
  refused 2 '--lose takes what may be lost, from 0% to below 50%' quantize run --calibrate $data --lose=$bad
done
refused 2 'no image is left to measure what is lost' quantize run --calibrate digits:200 --images 200 --lose 1%
refused 2 '--or-best writes the best of what --lose tries' quantize run --calibrate $data --or-best
refused 2 '--method is one of the steps that --lose tries' quantize run --calibrate $data --lose 1% --method mse
refused 2 '--equalize is one of the steps' quantize run --calibrate $data --lose 1% --equalize
finish
