#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Networks compiled ahead of time for every target that this machine can run must give the answers of `fovea run`.
here_folder=$(realpath "$(dirname "$0")")
source "$here_folder/common.sh"
repository=$PWD
cd "$work" || exit 1

source "$here_folder/targets.sh"

# A photo-like image, larger than the network's input and not square, and small images: 8 bits, 16 bits with alpha and
# gAMA, one rotated by EXIF data, and a bitmap with a mask for alpha. tests/judges/compare_pictures.py covers all forms.
python3 - <<'P'
import math, struct, zlib
wave = lambda x, y, c: int(127.5 + 127 * math.sin(x * (0.05 + 0.03 * c) + y * 0.07 * c) * math.cos(y * 0.04))
def png(name, height, width, color=2, depth=8, before=b""):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    sample = lambda x, y, c: bytes([wave(x, y, c)]) + (bytes([x * y % 256]) if depth == 16 else b"")
    raw = b"".join(b"\0" + b"".join(sample(x, y, c) for x in range(width) for c in range(4 if color == 6 else 3)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    before = b"".join(chunk(kind, data) for kind, data in before or ())
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
png("wide.png", 190, 301); png("small.png", 60, 41); png("turned.png", 60, 41, before=[(b"eXIf", exif)])
png("deep.png", 60, 41, 6, 16, [(b"gAMA", struct.pack(">I", 100000))])
pixels = b"".join(bytes(wave(x, y, c) for c in range(4)) for y in range(50) for x in range(64))
masks = struct.pack("<4I", 0xff0000, 0xff00, 0xff, 0xff000000)
open("mask.bmp", "wb").write(b"BM" + struct.pack("<IHHI", 70 + len(pixels), 0, 0, 70) + struct.pack("<IiiHHIIiiII", 56, 64, 50, 1, 32, 3, 0, 0, 0, 0, 0) + masks + pixels)
P

# names MODEL OPTIONS...: the program of a model must print what `fovea classify` prints, for every target, except for the time.
names() {
  local triple pictures=(wide.png small.png turned.png deep.png mask.bmp)
  "$fovea" classify "$@" "${pictures[@]}" --top 3 2>log | sed 's/ (.*ms)$//' >wanted.txt
  [[ $(wc -l <wanted.txt) == 20 ]] || wrong "classify $1: $(tail -1 log)"
  for triple in x86_64-linux-gnu aarch64-linux-gnu armv7-linux-gnueabihf riscv64-linux-gnu; do
    runnable $triple || continue
    "$fovea" compile "$@" --target $triple -o name >/dev/null 2>log || { wrong "$1 for $triple: $(tail -1 log)"; continue; }
    $runner ./name "${pictures[@]}" --top 3 2>log | sed 's/ (.*ms)$//' >got.txt
    diff wanted.txt got.txt >diff.txt || wrong "$1 for $triple names otherwise: $(head -5 diff.txt log)"
  done
}

pixels digits 3x28x28x1; answers digits mnist-cnn
check close digits.raw digits.wanted mnist-cnn

# Integers must be the same everywhere, and equal to those of TensorFlow Lite's own interpreter.
data=${FOVEA_DATA:-$repository/../shared/data}/tflite
if [[ -d $data ]]; then
  golden mobilenet_v1_0.25_128 cat
  check cmp golden.x golden.y "$data/mobilenet_v1_0.25_128_quant.tflite"
else
  echo "skipped: no $data"
fi

# An untrained network with torch's convention gives every class the same probability, so TensorFlow's is used.
form=(mobilenet-v2 --convention tensorflow --classes 20 --input 96x96x3)
names "${form[@]}"
if runnable x86_64-linux-gnu; then
  "$fovea" compile "${form[@]}" --target x86_64-linux-gnu -o name >/dev/null 2>log || wrong "compile: $(tail -1 log)"
  ./name small.png --json --top 2 >got.json && "$fovea" classify "${form[@]}" small.png --json --top 2 >wanted.json 2>/dev/null
  told="(j[0]['image'], len(j), [(p['label'], p['index'], round(p['probability'], 5)) for p in j[0]['predictions']])"
  [[ $(json got.json "$told") == "$(json wanted.json "$told")" ]] || wrong "--json: $(cat got.json wanted.json)"
  for i in $(seq 0 20); do echo "$i class $i"; done >labels.txt  # one more than there are classes: a background first
  [[ $(./name small.png --labels labels.txt --top 1 | tail -1) == *"class $(($(json got.json "j[0]['predictions'][0]['index']") + 1))" ]] || wrong "--labels"
  [[ $(./name small.png --threshold 1 | wc -l) == 1 ]] || wrong "--threshold hides nothing"
  fails() { local status=$1 message=$2; shift 2; ./name "$@" >out 2>err; [[ $? == "$status" && $(wc -l <err) == 1 ]] && grep -qF -- "$message" err || wrong "name $*: $(cat err)"; }
  head -c 200 small.png >cut.png; fails 1 cut.png cut.png; fails 1 missing.png missing.png; fails 2 '--top' small.png --top 0
  diff <(./name turned.png --orientation stored | sed 1d) <(./name small.png | sed 1d) >diff.txt || wrong "--orientation stored: $(cat diff.txt)"
  diff <(./name turned.png | sed 1d) <(./name small.png | sed 1d) >diff.txt && wrong "EXIF data turns nothing"
  printf 'RIFF\4\0\0\0WEBP' >a.webp; fails 1 'WebP: this program does not read it' a.webp; fails 2 '--orientation is exif or stored' small.png --orientation left
  sed "3s/.*/$(printf 'K\344fer')/" labels.txt >latin.txt; fails 1 'latin.txt:3: no UTF-8' small.png --labels latin.txt
  head -3 labels.txt >few.txt; fails 1 'names 3 classes' small.png --labels few.txt; fails 2 '"--tops"' --tops 3 small.png
fi

refused 2 'unknown target architecture "aarch65"; did you mean "aarch64"?' compile mnist-cnn --target aarch65-linux-gnu -o x.o
refused 2 'unknown processor "cortex-a77x"' compile mnist-cnn --target aarch64-linux-gnu --cpu cortex-a77x -o x.o
refused 2 'is no name for a function of C' compile mnist-cnn --target aarch64-linux-gnu -o -.o
refused 2 'for wasm32 take a module' compile mnist-cnn --target wasm32 -o x
refused 2 'for the target wasm32' compile mnist-cnn --target x86_64-linux-gnu -o x.wasm
refused 2 'take the object' compile mnist-cnn --target x86_64-apple-darwin -o x
refused 2 'not one image' compile astronet --target x86_64-linux-gnu -o x
mkdir bin; ln -s "$(command -v ld.lld-19)" bin/
PATH=$work/bin "$fovea" compile mnist-cnn --target x86_64-linux-gnu -o x 2>err && wrong "compiled without a compiler"
grep -qxF "fovea: the compiler clang-19 is not installed here: Debian's package clang-19" err || wrong "without a compiler: $(cat err)"
refused 1 'cannot write nowhere/x.o' compile mnist-cnn --target aarch64-linux-gnu -o nowhere/x.o
finish
