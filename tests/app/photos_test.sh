#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One line on a folder of class folders: what is chosen, the parts that are kept, weights from everywhere, the same bits however
# it was stopped, and what the other commands make of the run without being told anything.
source "$(dirname "$0")/common.sh"
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
recipes=$(realpath "$(dirname "$0")/../../recipes")
cd "$work" || exit 1
export FOVEA_HOME=$work/home

# Bright and dark pictures with grain, 24 x 24, as PNG; two of them damaged.
cat >draw.py <<'P'
import os, random, struct, sys, zlib
def png(path, base, seed, side=24):
    draw = random.Random(seed)
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(min(255, max(0, base + draw.randrange(-60, 60))) for _ in range(3 * side)) for _ in range(side))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
folder, count = sys.argv[1], int(sys.argv[2])
for label, base in (("dark", 90), ("light", 150)):
    os.makedirs(os.path.join(folder, label), exist_ok=True)
    for i in range(count):
        png(os.path.join(folder, label, f"{i}.png"), base, f"{label} {i}")
P
python3 draw.py photos 39  # with the two below, 64 to train on and 16 to test: whole batches
cp photos/dark/3.png "photos/dark/a copy, \"named\" oddly.png"
head -c 100 photos/light/7.png >photos/light/cut.png

bytes() { (cd "$1" && sha256sum ./*.safetensors | grep -v checkpoint); }
trained() { "$fovea" train "$@" >out 2>err || wrong "train $*: $(tail -1 err)"; }

# A network to start from, small enough for a test: a run, and the same as each kind of file.
python3 draw.py first 10
trained cifar-cnn-pytorch first --epochs 1 --batch 8 --rate 0.001 --out base
"$fovea" export base -o base.tflite >/dev/null 2>&1 || wrong "export to .tflite"
"$fovea" export base -o base.onnx >/dev/null 2>&1 || wrong "export to .onnx"

# One line. What was chosen is said in three lines; what says nothing is left out.
trained photos --weights base --json
[[ $(json out "j['run'], 'top5' in j, j['count']") == "runs/photos False 16" ]] || wrong "one line: $(cat out)"
grep -q '^64 pictures to train on, 2 classes' err && grep -q '^cifar-cnn-pytorch.* from base' err &&
  grep -q '^the head for .* epochs on features that are computed once' err || wrong "said: $(head -5 err)"
grep -q 'skipped: .*cut.png' err || wrong "a damaged picture was not named: $(cat err)"
grep -q "^model = 'cifar-cnn-pytorch'" runs/photos/recipe.toml || wrong "the network is not that of the weights: $(head -30 runs/photos/recipe.toml)"

# The list of the parts: a fifth of each class, copies together; the damaged picture is of one part like any other.
python3 - runs/photos/split.csv <<'P' || wrong "the list: $(cat runs/photos/split.csv)"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
parts = {row["path"]: row["part"] for row in rows}
assert len(parts) == 80 and sorted(row["class"] for row in rows) == ["dark"] * 40 + ["light"] * 40
assert sum(part == "test" for part in parts.values()) == 16
assert parts["dark/3.png"] == parts['dark/a copy, "named" oddly.png']
P

# eval, quantize and compile know what the run knows: its parts, where the file goes, the machine at hand.
"$fovea" eval runs/photos --json >eval.json 2>/dev/null || wrong "eval"
[[ $(json eval.json "j['top1'], j['loss'], j['count']") == $(json out "j['top1'], j['loss'], j['count']") ]] || wrong "eval and train disagree: $(cat eval.json out)"
mv runs/photos/split.csv kept.csv && sed 's/,test$/,x/; s/,train$/,test/; s/,x$/,train/' kept.csv >runs/photos/split.csv
"$fovea" eval runs/photos --data ./photos/ --json >swapped.json 2>/dev/null || wrong "eval with another list"
[[ $(json swapped.json "j['count']") == 64 ]] || wrong "eval did not go by the list of the run: $(cat swapped.json)"
mv kept.csv runs/photos/split.csv
"$fovea" quantize runs/photos --json >quantized.json 2>err || wrong "quantize: $(tail -1 err)"
[[ $(json quantized.json "j['before']['count'], j['before']['top1'] == $(json eval.json "j['top1']")") == "16 True" ]] || wrong "quantize: $(tail -20 quantized.json)"
[[ -s runs/photos/model.tflite ]] || wrong "quantize left no file"
"$fovea" eval runs/photos/model.tflite --json >eval.json 2>/dev/null || wrong "eval of the file"
[[ $(json eval.json "j['top1'] == $(json quantized.json "j['after']['top1']"), j['count']") == "True 16" ]] || wrong "the file: $(cat eval.json)"

# One seed, one result: threads, and stopped and gone on with, in the features, in the head, in the whole.
again=(photos --weights base --epochs 2 --set head.epochs=15000 --seed 3)
trained "${again[@]}" --threads 1 --out one
trained "${again[@]}" --threads 2 --out two
[[ $(bytes one) == "$(bytes two)" ]] || wrong "one and two threads differ"
[[ $(bytes one) != "$(bytes runs/photos)" ]] || wrong "the seed makes no difference"
start=$EPOCHREALTIME; trained "${again[@]}" --out two --overwrite; end=$EPOCHREALTIME
stops=0
stopped_after() {
  timeout -s INT "$(python3 -c "print($1 * ($end - $start))")" "$fovea" train "${@:2}" --out stopped >/dev/null 2>stopped.err
  (($? == 124)) && stops=$((stops + 1))
}
for share in 0.3 0.5 0.7; do [[ -f stopped/state.json ]] || stopped_after $share "${again[@]}"; done
[[ -f stopped/state.json ]] || trained "${again[@]}" --out stopped
for share in 0.4 0.45 0.5 0.55; do stopped_after $share --resume; done
((stops >= 1)) || wrong "no stop came in time"
trained "${again[@]}" --resume --out stopped
[[ $(bytes one) == "$(bytes stopped)" ]] || wrong "a run that was stopped $stops times differs"
trained --resume --out stopped --json  # it had finished
[[ $(bytes one) == "$(bytes stopped)" ]] || wrong "a finished run that is gone on with differs"
"$fovea" train photos --weights base --resume --out stopped --seed 4 >/dev/null 2>err && wrong "another seed for a run was taken"
grep -q 'seed is 3, 4 was asked for' err || wrong "another seed: $(cat err)"

# Frozen parameters and nothing random: the pictures pass once, and the answer is that of the whole network.
trained cifar-cnn-pytorch photos --weights base --freeze 'conv*' --set crop.kind=center --set augment.flip=false --set augment.shift=0 \
  --epochs 3 --batch 8 --out frozen --json
grep -q '^features of 80 images' err || wrong "nothing was cached: $(cat err)"
"$fovea" eval frozen --json >eval.json 2>/dev/null
[[ $(json eval.json "j['loss']") == $(json out "j['loss']") ]] || wrong "cached features tell another loss"

# Weights from a graph, and from files by their tensors; other classes get a new head, the same ones keep theirs.
for weights in base.tflite base.onnx; do
  trained photos --weights $weights --epochs 0 --out from-$weights
  grep -q "^model = 'cifar-cnn-pytorch'" from-$weights/recipe.toml || wrong "$weights: $(head -20 from-$weights/recipe.toml)"
done
mkdir other && cp -r photos/dark other/night && cp -r photos/light other/day
trained other --weights runs/photos --epochs 0 --out new-head
grep -q 'its head .* is for other classes; a new head is trained' err || wrong "the head of other classes stayed: $(cat err)"
trained photos --weights runs/photos --epochs 0 --out same-head
grep -q 'a new head is trained' err && wrong "the head of the same classes went: $(cat err)"

# From nothing, with time to keep to.
"$fovea" train photos --minutes 0.02 --batch 9999 --out nothing >/dev/null 2>err && wrong "a batch of more than all"
grep -q '^resnet18 at 64 x 64 from nothing' err && grep -q 'a batch of 9999 is more than the 64' err || wrong "from nothing: $(cat err)"
trained digits:200 --minutes 2 --epochs 1 --out nothing
grep -q '^mnist-cnn from nothing: made for images of this size' err || wrong "from nothing: $(cat err)"

# What fits is chosen by steps that are undone: the recipe that it leaves gives the same bytes without a limit.
trained photos --weights base --minutes 2 --set head.epochs=10 --out timed
grep -q 'then the whole for at most 24 epochs .* as many as 2 minutes allow' err && grep -q '^the head alone: ' err &&
  grep -q 'are left, and an epoch takes .*: [0-9]* epochs$' err || wrong "with a limit: $(cat err)"
trained --recipe timed/recipe.toml --out untimed
[[ $(bytes timed) == "$(bytes untimed)" ]] || wrong "the recipe that a limit left gives another network"

# What cannot be: one line each.
mkdir empty single few
cp -r photos/dark single/
for label in a b; do mkdir few/$label; cp photos/dark/{1,2,4}.png few/$label; done
python3 draw.py three 3
refused 1 'empty: an empty folder' train empty
refused 1 'single: only one class, "dark"' train single
refused 1 'there is no folder nowhere/' train nowhere/
refused 2 'unknown model "photo"' train photo
refused 1 'pictures side by side, of no class' train photos/dark
refused 2 'runs/photos is a run' train runs/photos
refused 2 'base.tflite is a file; fovea train DIR --weights base.tflite' train base.tflite
refused 2 'runs/photos holds a run already' train photos --weights base
refused 2 '--weights elsewhere: neither a file' train photos --weights elsewhere --out x
refused 2 'are both a model' train vgg16 vgg19 --data photos
refused 2 'holds the weights of cifar-cnn-pytorch, not of vgg16' train vgg16 photos --weights base --out x
refused 2 'there are no images to calibrate on' quantize base.tflite
head -c 40 /dev/urandom >noise.pth
refused 1 'noise.pth' train photos --weights noise.pth --out x
mkdir -p broken/a broken/b && for label in a b; do for i in 1 2 3 4 5; do echo "no picture $label $i" >broken/$label/$i.jpg; done; done
refused 1 'none of 8 pictures can be read' train broken --out x
trained three --weights base --epochs 0 --out three
"$fovea" train few --weights base --out few-run >/dev/null 2>err && wrong "pictures that are all of two classes were trained on"
grep -q 'two different pictures' err || wrong "copies in both classes: $(cat err)"

# A recipe takes the model it is written for.
refused 2 'fine-tune.toml names no model' train photos --recipe "$recipes/fine-tune.toml"
"$fovea" train photos --recipe "$recipes/efficientnet-edgetpu-s.toml" --batch 9999 --out x >/dev/null 2>err
grep -q 'a batch of 9999 is more than' err || wrong "a recipe and its model: $(cat err)"
finish
