#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From one network's weights to other classes: a new classifier, frozen layers, early stopping, and the network of the best
# epoch.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# Stripes in four directions with noise, as folders of PNG files: stripes/train/CLASS, stripes/test/CLASS; two of the directions
# as another data set.
python3 - <<'P'
import os, random, struct, zlib
def png(name, rows):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    raw = b"".join(b"\0" + bytes(row) for row in rows)
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
draw = random.Random(1)
kinds = {"across": (0, 1), "down": (1, 0), "falling": (1, 1), "rising": (1, -1)}
for split, count in (("train", 40), ("test", 20)):
    for name, (a, b) in kinds.items():
        for collection in ("stripes", "pair") if name in ("across", "down") else ("stripes",):
            os.makedirs(f"{collection}/{split}/{name}", exist_ok=True)
            for index in range(count):
                phase = draw.randrange(6)
                value = lambda x, y: min(255, max(0, (200 if (a * x + b * y + phase) % 6 < 3 else 60) + draw.randrange(-50, 50)))
                png(f"{collection}/{split}/{name}/{index}.png", [[value(x, y) for x in range(32) for _ in range(3)] for y in range(32)])
P
settings=(--batch 16 --seed 3 --set optimizer.name=adam --set rate.peak=0.001 --set crop.kind=center)
"$fovea" train cifar-cnn --data images:stripes --epochs 4 "${settings[@]}" --set evaluate.every_epochs=2 --out four --json >four.json 2>log ||
  wrong "training: $(tail -1 log)"
[[ $(grep -c '"top1"' four/metrics.jsonl) == 2 ]] || wrong "tested $(grep -c '"top1"' four/metrics.jsonl) times in 4 epochs, wanted every second"

# The convolutions stay as they are, the classifier is for two classes, and the network is that of the best epoch.
"$fovea" train cifar-cnn --data images:pair --epochs 40 "${settings[@]}" --weights four/model.safetensors --freeze 'conv*' \
  --set early_stop.patience=2 --set checkpoint.model=best --out two --json >two.json 2>two.log || wrong "fine-tuning: $(tail -1 two.log)"
grep -q 'head' two.log || wrong "not said that the head starts anew: $(cat two.log)"
python3 - <<'P' || wrong "the fine-tuned network is not what it should be"
import json, struct
def tensors(path):
    data = open(path, "rb").read(); length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length]); header.pop("__metadata__", None)
    return {name: (entry["shape"], data[8 + length + entry["data_offsets"][0]:8 + length + entry["data_offsets"][1]]) for name, entry in header.items()}
before, after, best = tensors("four/model.safetensors"), tensors("two/model.safetensors"), tensors("two/best.safetensors")
frozen = [name for name in before if name.startswith("conv")]
assert frozen and all(before[name] == after[name] for name in frozen), "a frozen parameter moved"
others = [name for name in before if name not in frozen]
assert any(before[name] != after[name] for name in others), "nothing was trained"
shapes = {name: after[name][0] for name in others}
assert sum(2 in shape for shape in shapes.values()) >= 2, shapes
lines = [json.loads(line) for line in open("two/metrics.jsonl")]
top1 = [line["top1"] for line in lines if "top1" in line]
first_best = top1.index(max(top1))
assert len(top1) == first_best + 1 + 2 < 40, f"stopped after {len(top1)} epochs, the best was {first_best + 1}"
P
[[ $(json two.json "j['top1'] > 0.9") == True ]] || wrong "two kinds of stripes not told apart: $(cat two.json)"
"$fovea" eval two --json >eval.json 2>/dev/null || wrong "eval"
[[ $(json eval.json "j['top1']") == $(python3 -c "import json; print(max(json.loads(line).get('top1', 0) for line in open('two/metrics.jsonl')))") ]] ||
  wrong "the network is not the best epoch's: $(cat eval.json)"

refused 2 'no parameter of cifar-cnn is called "layer9.*"' train cifar-cnn --data images:pair "${settings[@]}" --freeze 'layer9.*' --out none
refused 1 'absent.safetensors' train cifar-cnn --data images:pair "${settings[@]}" --weights absent.safetensors --out none
finish
