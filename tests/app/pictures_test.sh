#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# classify and run on good and bad images and tensors.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
"$fovea" train mnist-mlp --data digits:3000 --epochs 2 --batch 32 --out run >/dev/null 2>log || wrong "training: $(tail -1 log)"

# A digit one: light on dark, and dark on light for --invert.
python3 - <<'P'
import struct, zlib
def png(name, rows):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    raw = b"".join(b"\0" + bytes(row) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
one = [[255 if 13 <= x <= 15 and 4 <= y <= 23 else 0 for x in range(28)] for y in range(28)]
png("one.png", one)
png("dark.png", [[255 - v for v in row] for row in one])
png("large.png", [[v for v in row for _ in range(4)] for row in one for _ in range(4)])
P
"$fovea" classify run one.png large.png --json >one.json 2>/dev/null || wrong "classify"
[[ $(json one.json "len(j), j[0]['image'], len(j[0]['predictions']), j[0]['predictions'][0]['index']") == "2 one.png 5 1" ]] ||
  wrong "a one is not a one: $(cat one.json)"
"$fovea" classify run dark.png --invert --top 1 --json >dark.json 2>/dev/null || wrong "classify --invert"
[[ $(json dark.json "j[0]['predictions'][0]['probability']") == $(json one.json "j[0]['predictions'][0]['probability']") ]] ||
  wrong "--invert is not the inverse"

# A folder, a file that is no image among others, a threshold, numbered labels, and another resizing.
mkdir album; cp one.png album/b.png; cp large.png album/a.PNG; echo text >album/notes.txt
"$fovea" classify run album --json >album.json 2>/dev/null || wrong "classify a folder"
[[ $(json album.json "[entry['image'] for entry in j]") == "['album/a.PNG', 'album/b.png']" ]] || wrong "folder: $(cat album.json)"
"$fovea" classify run album --threshold 0.5 --json >sure.json 2>/dev/null || wrong "classify --threshold"
[[ $(json sure.json "all(p['probability'] > 0.5 for entry in j for p in entry['predictions'])") == True ]] || wrong "threshold: $(cat sure.json)"
head -c 60 one.png >album/c.png
"$fovea" classify run album --json >some.json 2>some.err; (($? == 1)) || wrong "a picture that cannot be read must be told by the status"
[[ $(json some.json "len(j)") == 2 ]] || wrong "the others must be answered: $(cat some.json)"
grep -q 'album/c.png' some.err && grep -q '1 of 3 pictures could not be read' some.err || wrong "the picture must be named: $(cat some.err)"
for i in {0..9}; do echo "$i digit $i"; done >numbered
[[ $("$fovea" classify run one.png --labels numbered --top 1 2>/dev/null) == *"digit 1"* ]] || wrong "numbered labels"
"$fovea" classify run large.png --stretch --top 1 --json >stretched.json 2>/dev/null || wrong "classify --stretch"
[[ $(json stretched.json "j[0]['predictions'][0]['index']") == 1 ]] || wrong "stretched: $(cat stretched.json)"
mkdir empty; refused 1 'empty holds no picture' classify run empty
mkdir -p deep/below deep/.hidden; cp one.png deep/below/; cp one.png deep/.hidden/; cp one.png deep/._a.png
"$fovea" classify run deep --json >deep.json 2>/dev/null || wrong "classify folders below"
[[ $(json deep.json "[entry['image'] for entry in j]") == "['deep/below/one.png']" ]] || wrong "folders below: $(cat deep.json)"

# Images are rotated by EXIF data (6 is clockwise) unless the user disables it; older runs and files without the key see the
# stored pixels.
python3 - <<'P'
import struct, zlib
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
content = open("one.png", "rb").read()
exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
open("turned.png", "wb").write(content[:33] + chunk(b"eXIf", exif) + content[33:])
P
told() { "$fovea" classify "$@" --json 2>/dev/null | sed '/"image"\|"milliseconds"/d'; }
"$fovea" export run -o run.tflite >/dev/null 2>log || wrong "export: $(tail -1 log)"
for model in run run.tflite; do
  [[ $(told $model turned.png) != "$(told $model one.png)" ]] || wrong "$model: EXIF data turns nothing"
  [[ $(told $model turned.png --orientation stored) == "$(told $model one.png)" ]] || wrong "$model: --orientation stored turns"
done
grep -q "orientation = 'exif'" run/recipe.toml || wrong "the recipe does not keep the orientation: $(cat run/recipe.toml)"
cp -r run older; sed -i '/^orientation/d' older/recipe.toml
"$fovea" export older -o older.onnx >/dev/null 2>log || wrong "export: $(tail -1 log)"
for model in older older.onnx; do [[ $(told $model turned.png) == "$(told run one.png)" ]] || wrong "$model: an older model turns photographs"; done
[[ $(told older turned.png --orientation exif) == "$(told run turned.png)" ]] || wrong "--orientation exif turns nothing"
refused 2 'left not in' classify run one.png --orientation left

# Folders as users have them, through a whole run: hidden files, names with special characters, and an unlabeled test folder
# beside val.
python3 - <<'P'
import os, shutil
for split in ("train", "val"):
    for name in ("0 Käfer, rot", '1 quo"te\\'):
        os.makedirs(f"real/{split}/{name}/below")
        os.makedirs(f"real/{split}/.ipynb_checkpoints", exist_ok=True)
        for i in range(4): shutil.copy("one.png" if name[0] == "0" else "dark.png", f"real/{split}/{name}/below/{i}.png")
        open(f"real/{split}/{name}/._0.png", "w").write("fork")
shutil.rmtree('real/val/1 quo"te\\')
os.makedirs("real/test"); shutil.copy("one.png", "real/test/1.png")
P
"$fovea" train cifar-cnn --data images:real --allow-overlap --epochs 1 --batch 4 --set classes=2 --set rate.warmup_epochs=0 --out real-run >/dev/null 2>log || wrong "train: $(tail -1 log)"
grep -q 'real/test has no folder of a class: its 1 pictures have no labels; real/val is used' log || wrong "an unlabeled test is not named: $(cat log)"
"$fovea" classify real-run one.png --json >real.json 2>/dev/null || wrong "classify real-run"
[[ $(json real.json "sorted(p['label'] for p in j[0]['predictions'])") == "['0 Käfer, rot', '1 quo\"te\\\\']" ]] || wrong "names: $(cat real.json)"
mkdir "real/train/$(printf 'K\344fer')"
refused 1 'K\xe4fer' train cifar-cnn --data images:real --epochs 1 --out latin
[[ -e latin/model.safetensors ]] && wrong "told after training"
refused 2 'lanczos not in' classify run one.png --interpolation lanczos

refused 1 'missing.png' classify run missing.png
: >empty.png; refused 1 'empty.png' classify run empty.png
head -c 60 one.png >cut.png; refused 1 'cut.png' classify run cut.png
printf '\377\330\377\340rubbish' >bad.jpg; refused 1 'bad.jpg' classify run bad.jpg
echo one >labels; refused 1 'labels names 1 classes; mnist-mlp tells 10 apart' classify run one.png --labels labels
refused 2 '0 is not a whole number from 1' classify run one.png --top 0

# Reads and writes npy files.
npy() { python3 - "$@" <<'P'
import struct, sys
name, shape, kind = sys.argv[1], eval(sys.argv[2]), sys.argv[3]
count = 1
for extent in shape: count *= extent
header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode()
header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(count * int(kind[-1])))
P
}
npy three.npy '(3, 28, 28, 1)' '<f4'; npy small.npy '(3, 27, 28, 1)' '<f4'; npy bytes.npy '(3, 28, 28, 1)' '|u1'; npy color.npy '(1, 32, 32, 3)' '<f4'
"$fovea" run run --input three.npy --output y.npy --json >y.json 2>/dev/null || wrong "run"
[[ $(json y.json "j['output']") == "[3, 10]" ]] || wrong "run: $(cat y.json)"
npy global.npy '(2, 2001, 1)' '<f4'; npy local.npy '(2, 201, 1)' '<f4'
"$fovea" run astronet --input global_view=global.npy --input local_view=local.npy --output y.npy --json >y.json 2>/dev/null || wrong "run"
[[ $(json y.json "j['input']['local_view'], j['output']") == "[2, 201, 1] [2, 1]" ]] || wrong "run: $(cat y.json)"
refused 2 'astronet reads global_view, local_view: --input local_view=FILE' run astronet --input global_view=global.npy --output y.npy
refused 1 'small.npy is [3, 27, 28, 1]; mnist-mlp reads a batch of [28, 28, 1]' run run --input small.npy --output y.npy
refused 1 'bytes.npy holds u8; mnist-mlp reads f32' run run --input bytes.npy --output y.npy
refused 1 'cannot write nowhere/y.npy' run run --input three.npy --output nowhere/y.npy
refused 1 'run/model.safetensors: not the weights of cifar-cnn: it lacks conv1.' run cifar-cnn --weights run/model.safetensors --input color.npy --output y.npy
finish
