#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Data and answers one can trust: what is wrong with pictures, how sure answers are, whose labels are likely wrong, teachers.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# Two classes of pictures, a picture twice in a class, once under both labels, and one in both splits.
python3 - <<'P'
import os, random, struct, zlib
def png(name, size, draw):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    rows = b"".join(b"\0" + bytes(c for x in range(size) for c in draw(x, y)) for y in range(size))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))
def stripes(number, upright):
    draw = random.Random(number)
    ink, paper = (tuple(draw.randrange(least, least + 90) for _ in range(3)) for least in (0, 160))
    width, shift = draw.randrange(6, 14), draw.randrange(9)
    spots = {(draw.randrange(16), draw.randrange(16)) for _ in range(60)}
    def at(x, y):
        if (x // 6, y // 6) in spots: return (255 - ink[0], ink[1], paper[2])
        return ink if ((x if upright else y) + shift) // width % 2 else paper
    return at
for split, count in (("train", 12), ("test", 6)):
    for label, upright in (("lying", False), ("upright", True)):
        for i in range(count):
            png(f"set/{split}/{label}/{i}.png", 96, stripes(1000 * (split == "test") + 100 * upright + i, upright))
P
"$fovea" data images:set --json >clean.json 2>/dev/null || wrong "data"
[[ $(json clean.json "j['findings']['duplicates'], j['findings']['blurred'], j['findings']['imbalance']") == "[] [] 1.0" ]] ||
  wrong "nothing is wrong with these: $(json clean.json "j['findings']")"
cp -r set spoilt
cp spoilt/train/lying/0.png spoilt/train/lying/copy.png
cp spoilt/train/lying/1.png spoilt/train/upright/wrong.png
cp spoilt/train/upright/2.png spoilt/test/upright/seen.png
rm spoilt/train/upright/{5..9}.png
"$fovea" data images:spoilt --json >spoilt.json 2>spoilt.txt || wrong "data"
[[ $(json spoilt.json "len(j['findings']['duplicates']), sum(d['across_splits'] for d in j['findings']['duplicates']), sum(d['across_classes'] for d in j['findings']['duplicates'])") == "3 1 1" ]] ||
  wrong "duplicates: $(json spoilt.json "j['findings']['duplicates']")"
grep -q 'wrong.png (upright)' spoilt.txt && grep -q 'classes are not balanced: 1.6 times as many of lying as of upright' spoilt.txt ||
  wrong "findings: $(cat spoilt.txt)"

# A test on what was trained on is refused, unless that is wanted; both ways to balance, and focal loss, train.
refused 2 'spoilt/train/upright/2.png is spoilt/test/upright/seen.png' \
  train cifar-cnn-pytorch --data images:spoilt --set classes=2 --epochs 1 --batch 4 --out leak
for how in "--balance" "--balance=weights --set loss.focal=2"; do
  # shellcheck disable=SC2086
  "$fovea" train cifar-cnn-pytorch --data images:spoilt --allow-overlap --set classes=2 --epochs 1 --batch 4 $how --overwrite --out leak >/dev/null 2>log ||
    wrong "train $how: $(tail -1 log)"
done
refused 2 'loss.balance' train cifar-cnn-pytorch --data images:set --balance=sometimes --out none

# A network that is sure of itself, the temperature that it is to be believed at, and what it had better not say.
"$fovea" train lenet5 --data digits:1024 --epochs 3 --batch 32 --out run >/dev/null 2>log || wrong "train: $(tail -1 log)"
[[ $(wc -l <run/steps.jsonl) == $((3 * (1024 / 32))) ]] || wrong "a line a step: $(wc -l <run/steps.jsonl)"
"$fovea" eval run --reject 1% --report page --json >fit.json 2>/dev/null || wrong "eval --reject"
[[ $(json fit.json "j['confidence']['unknown_below'] > 0 and j['calibration']['chosen']['wrong'] <= 0.01 * j['calibration']['chosen']['answered']") == True ]] ||
  wrong "rejection: $(json fit.json "j['confidence'], j['calibration']")"
for part in 'Worst mistakes' 'Most unsure' 'As seen, and the heat' 'Calibration error' 'training, by steps' 'data:image/png'; do
  grep -q "$part" page/index.html || wrong "the page lacks \"$part\""
done
[[ $("$fovea" eval run --json 2>/dev/null | sed -n '/"confidence"/,/}/p') == $(sed -n '/"confidence"/,/}/p' fit.json) ]] || wrong "the run forgets"
mkdir digits; python3 - <<'P'
import random, struct, zlib
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(name, at):
    rows = b"".join(b"\0" + bytes(at(x, y) for x in range(28)) for y in range(28))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
png("digits/one.png", lambda x, y: 255 if 13 <= x <= 15 and 4 <= y <= 23 else 0)
noise = random.Random(4); png("digits/noise.png", lambda x, y: noise.randrange(256))
P
# Formats and processors round the last bits of a probability differently.
same_answers() { python3 -c "
import json, sys
read = lambda path: [(e['unknown'], e['predictions'][0]['label'], e['predictions'][0]['probability']) for e in json.load(open(path))]
a, b = map(read, sys.argv[1:])
if len(a) == len(b) and all(x[:2] == y[:2] and abs(x[2] - y[2]) < 5e-4 for x, y in zip(a, b)): sys.exit(0)
sys.exit(f'{a}, not {b}')" "$1" "$2" 2>&1; }
"$fovea" classify run digits --json >of_run.json 2>/dev/null || wrong "classify"
for ending in tflite onnx; do
  "$fovea" export run -o "run.$ending" >/dev/null 2>log || wrong "export: $(tail -1 log)"
  "$fovea" classify "run.$ending" digits --json >of_file.json 2>/dev/null || wrong "classify run.$ending"
  said=$(same_answers of_file.json of_run.json) || wrong "run.$ending: $said"
done
if command -v clang-19 >/dev/null; then
  "$fovea" compile run --target "$(uname -m)-linux-gnu" -o digit >/dev/null 2>log || wrong "compile: $(tail -1 log)"
  ./digit digits/noise.png digits/one.png --json >of_program.json || wrong "the program"
  said=$(same_answers of_program.json of_run.json) || wrong "program: $said"
fi
"$fovea" eval run.tflite --data digits:1024 --calibrate -o again.tflite >/dev/null 2>log || wrong "eval --calibrate of a file: $(tail -1 log)"
"$fovea" train --resume --out run >/dev/null 2>&1
[[ -f run/confidence.json ]] || wrong "a finished run is the same after --resume"
refused 2 'the share of answers that may be wrong' eval run --reject 2
refused 2 'not trained on' eval run --calibrate --split train
refused 2 'give it with -o' eval run.tflite --data digits:1024 --calibrate

# Labels that are likely wrong, from folds; a pupil of a run and of a file.
"$fovea" train mnist-mlp --data digits:400 --epochs 2 --batch 20 --out small >/dev/null 2>log || wrong "train: $(tail -1 log)"
"$fovea" eval small --suspects --folds 2 --json >suspects.json 2>/dev/null || wrong "eval --suspects"
[[ $(json suspects.json "len(j['images']), [i['margin'] for i in j['images']] == sorted(i['margin'] for i in j['images'])") == "400 True" ]] ||
  wrong "suspects: $(head -c 300 suspects.json)"
refused 2 'is not the folder of one' eval run.tflite --suspects
for teacher in run run.onnx; do
  "$fovea" train mnist-mlp --data digits:400 --epochs 1 --batch 20 --teacher $teacher --overwrite --out pupil >/dev/null 2>log ||
    wrong "train --teacher $teacher: $(tail -1 log)"
done
refused 2 'of 1 channels' train cifar-cnn-pytorch --data images:set --set classes=2 --batch 4 --teacher run --out none
finish
