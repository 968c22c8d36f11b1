#!/usr/bin/env bash
# Networks compiled ahead of time, for every target that this machine can run: the answers of `fovea run`.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# runnable TRIPLE: how programs for it are started here; fails when that or its C library is missing.
runnable() {
  case $1 in
    x86_64-linux-gnu) [[ $(uname -m) == x86_64 ]] && grep -q avx2 /proc/cpuinfo && runner=env ;;
    aarch64-linux-gnu) runner=qemu-aarch64-static ;;
    arm*-linux-gnueabihf) runner=qemu-arm-static ;;
    riscv64-linux-gnu) runner="qemu-riscv64-static -cpu rv64,v=true,vext_spec=v1.0" ;;
  esac
  [[ -n ${here[$1]:-} ]] || here[$1]=$(command -v ${runner%% *} clang-19 ld.lld-19 >/dev/null && echo 'int main(void) { return 0; }' >empty.c &&
    clang "$1" empty.c -o empty && echo yes || echo no)
  [[ ${here[$1]} == yes ]]
}
declare -A here
clang() {
  local triple=$1; shift
  clang-19 --target="$triple" -fuse-ld=lld -static -O1 -Wall -Wextra -Werror -std=c99 -pedantic-errors "$@" 2>clang.log
}

# A program of C that reads raw tensors and writes raw tensors, with guards on both sides of the arena.
cat >raw.c <<'C'
#include <stdio.h>
#include <string.h>
#include "network.h"
#define GUARD 4096
static NETWORK_INPUT_0_TYPE input[NETWORK_INPUT_0_ELEMENTS];
static NETWORK_OUTPUT_0_TYPE output[NETWORK_OUTPUT_0_ELEMENTS];
static unsigned char memory[2 * GUARD + NETWORK_ARENA_BYTES] __attribute__((aligned(NETWORK_ARENA_ALIGNMENT)));
int main(void) {
  const void* inputs[] = {input};
  void* outputs[] = {output};
  unsigned long i;
  memset(memory, 0xa5, sizeof memory);
  if (network_run(inputs, outputs, 0) != 1 || network_run(inputs, outputs, memory + 8) != 1) return 2;
  while (fread(input, sizeof input, 1, stdin) == 1) {
    if (network_run(inputs, outputs, memory + GUARD) != 0) return 3;
    fwrite(output, sizeof output, 1, stdout);
  }
  for (i = 0; i < GUARD; ++i)
    if (memory[i] != 0xa5 || memory[GUARD + NETWORK_ARENA_BYTES + i] != 0xa5) return 4;
  return 0;
}
C

# close FILE REFERENCE: raw f32 numbers within 1e-5 of the largest.
close() {
  python3 - "$1" "$2" <<'P'
import struct, sys
a, b = ([v[0] for v in struct.iter_unpack("<f", open(name, "rb").read())] for name in sys.argv[1:])
worst = max(abs(x - y) for x, y in zip(a, b, strict=True)) / max(map(abs, b))
assert len(a) > 0 and worst < 1e-5, f"{len(a)} numbers, off by {worst}"
P
}

# Code without weights, in bytes, of an ELF object.
code_bytes() { llvm-size-19 -A network.o | awk -v weights="$1" '/^\.(text|rodata|data|srodata)/ { sum += $2 } END { print sum - weights }'; }

# check MODEL INPUT.raw WANTED.raw: for every target.
check() {
  local model=$1 input=$2 wanted=$3 triple bytes
  for triple in x86_64-linux-gnu aarch64-linux-gnu armv7-linux-gnueabihf riscv64-linux-gnu; do
    runnable $triple || { echo "skipped: no $triple here"; continue; }
    "$fovea" compile "$model" --target $triple -o network.o --json >compiled.json 2>log || { wrong "$model for $triple: $(tail -1 log)"; continue; }
    [[ -z $(llvm-nm-19 -u network.o) ]] || wrong "$model for $triple needs $(llvm-nm-19 -u network.o | xargs)"
    bytes=$(code_bytes "$(json compiled.json "j['weight_bytes']")")
    ((bytes <= 300000)) || wrong "$model for $triple: $bytes bytes of code"
    clang $triple -I. raw.c network.o -o raw -lm || { wrong "$model for $triple: $(head -3 clang.log)"; continue; }
    $runner ./raw <"$input" >got.raw || { wrong "$model for $triple: exit status $?"; continue; }
    close got.raw "$wanted" || wrong "$model for $triple"
    echo "$model for $triple: $bytes bytes of code, $(json compiled.json "j['arena_bytes']") of working memory"
  done
}

# pixels NAME COUNT SHAPE: NAME.npy and NAME.raw, numbers between -1 and 2.
pixels() { python3 - "$@" <<'P'
import math, random, struct, sys
name, shape = sys.argv[1], tuple(map(int, sys.argv[2].split("x")))
random.seed(7)
raw = b"".join(struct.pack("<f", random.uniform(-1, 2)) for _ in range(math.prod(shape)))
header = repr({"descr": "<f4", "fortran_order": False, "shape": shape}).encode()
header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
open(name + ".raw", "wb").write(raw)
open(name + ".npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + raw)
P
}
# answers MODEL NAME: NAME.wanted, what `fovea run` says.
answers() {
  "$fovea" run "$1" --probabilities --input "$2.npy" --output wanted.npy >/dev/null 2>log || wrong "run $1: $(tail -1 log)"
  python3 -c "
import sys
data = open('wanted.npy', 'rb').read()
open(sys.argv[1], 'wb').write(data[10 + int.from_bytes(data[8:10], 'little'):])" "$2.wanted"
}

# Two pictures: a photograph of a kind, larger than the network's input and not square, and a small one.
python3 - <<'P'
import math, struct, zlib
def png(name, height, width):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    wave = lambda x, y, c: int(127.5 + 127 * math.sin(x * (0.05 + 0.03 * c) + y * 0.07 * c) * math.cos(y * 0.04))
    raw = b"".join(b"\0" + bytes(wave(x, y, c) for x in range(width) for c in range(3)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
png("wide.png", 190, 301); png("small.png", 60, 41)
P

# names MODEL OPTIONS...: the program of a model prints what `fovea classify` prints, for every target, but for the time.
names() {
  local triple; "$fovea" classify "$@" wide.png small.png --top 3 2>log | sed 's/ (.*ms)$//' >wanted.txt
  [[ $(wc -l <wanted.txt) == 8 ]] || wrong "classify $1: $(tail -1 log)"
  for triple in x86_64-linux-gnu aarch64-linux-gnu armv7-linux-gnueabihf riscv64-linux-gnu; do
    runnable $triple || continue
    "$fovea" compile "$@" --target $triple -o name >/dev/null 2>log || { wrong "$1 for $triple: $(tail -1 log)"; continue; }
    $runner ./name wide.png small.png --top 3 2>log | sed 's/ (.*ms)$//' >got.txt
    diff wanted.txt got.txt >diff.txt || wrong "$1 for $triple names otherwise: $(head -5 diff.txt log)"
  done
}

pixels digits 3x28x28x1; answers mnist-cnn digits
check mnist-cnn digits.raw digits.wanted

# Trained weights would be better still: an untrained head of torch's convention gives every class the same probability.
form=(mobilenet-v2 --convention tensorflow --classes 20 --input 96x96x3)
names "${form[@]}"
if runnable x86_64-linux-gnu; then
  "$fovea" compile "${form[@]}" --target x86_64-linux-gnu -o name >/dev/null 2>log || wrong "compile: $(tail -1 log)"
  ./name small.png --json --top 2 >got.json && "$fovea" classify "${form[@]}" small.png --json --top 2 >wanted.json 2>/dev/null
  told="(j[0]['image'], len(j), [(p['label'], p['index'], round(p['probability'], 5)) for p in j[0]['predictions']])"
  [[ $(json got.json "$told") == "$(json wanted.json "$told")" ]] || wrong "--json: $(cat got.json wanted.json)"
  for i in $(seq 0 20); do echo "$i class $i"; done >labels.txt  # one more than classes: a background first
  [[ $(./name small.png --labels labels.txt --top 1 | tail -1) == *"class $(($(json got.json "j[0]['predictions'][0]['index']") + 1))" ]] || wrong "--labels"
  [[ $(./name small.png --threshold 1 | wc -l) == 1 ]] || wrong "--threshold hides nothing"
  fails() { local status=$1 message=$2; shift 2; ./name "$@" >out 2>err; [[ $? == "$status" && $(wc -l <err) == 1 ]] && grep -qF -- "$message" err || wrong "name $*: $(cat err)"; }
  head -c 200 small.png >cut.png; fails 1 cut.png cut.png; fails 1 missing.png missing.png; fails 2 '--top' small.png --top 0
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
