# SPDX-License-Identifier: Apache-2.0
# Sourced after common.sh by tests that run compiled networks in their working folder: on this machine, under qemu-user, and in
# node.

# runnable TRIPLE [CPU]: sets how programs for the target are started; fails when its emulator or C library is missing. Without
# a processor, the least machine of its kind is used.
runnable() {
  [[ $1 != wasm32 ]] || { command -v node clang-19 wasm-ld-19 >/dev/null; return; }
  case $1 in
    x86_64-linux-gnu) [[ $(uname -m) == x86_64 ]] && { [[ -z ${2:-} ]] || grep -q avx2 /proc/cpuinfo; } && runner=env ;;
    aarch64-linux-gnu) runner="qemu-aarch64-static -cpu ${2:-cortex-a53}" ;;
    arm*-linux-gnueabihf) runner="qemu-arm-static -cpu ${2:-cortex-a8}" ;;
    riscv64-linux-gnu) runner="qemu-riscv64-static -cpu rv64"; [[ -z ${2:-} ]] || runner+=,v=true,vext_spec=v1.0 ;;
  esac || return
  [[ -n ${here[$1]:-} ]] || here[$1]=$(command -v ${runner%% *} clang-19 ld.lld-19 >/dev/null && echo 'int main(void) { return 0; }' >empty.c &&
    clang "$1" empty.c -o empty && echo yes || echo no)
  [[ ${here[$1]} == yes ]]
}
declare -A here
clang() {
  local triple=$1; shift
  clang-19 --target="$triple" -fuse-ld=lld -static -O1 -Wall -Wextra -Werror -std=c99 -pedantic-errors "$@" 2>clang.log
}

# A C program that reads and writes raw tensors, with guards on both sides of the arena.
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

# close FILE REFERENCE: the raw f32 numbers must be equal within 1e-5 of the largest.
close() {
  python3 - "$1" "$2" <<'P'
import struct, sys
a, b = ([v[0] for v in struct.iter_unpack("<f", open(name, "rb").read())] for name in sys.argv[1:])
worst = max(abs(x - y) for x, y in zip(a, b, strict=True)) / max(map(abs, b))
assert len(a) > 0 and worst < 1e-5, f"{len(a)} numbers, off by {worst}"
P
}

# code_bytes FILE WEIGHTS: the size of an object or module without its weights.
code_bytes() { llvm-size-19 -A "$1" | awk -v weights="$2" '$1 ~ /^(\.text|\.rodata|\.data|\.srodata|CODE$|DATA$)/ { sum += $2 } END { print sum - weights }'; }

# check COMPARE INPUT.raw WANTED.raw MODEL OPTIONS...: runs every target; COMPARE is close, or cmp for integers.
check() {
  local compare=$1 input=$2 wanted=$3 target triple bytes file cpu; shift 3
  for target in x86_64-linux-gnu{,:x86-64-v3} aarch64-linux-gnu{,:cortex-a76} armv7-linux-gnueabihf{,:cortex-a7} riscv64-linux-gnu{,:rv64gcv} \
    wasm32 wasm32:relaxed-simd; do
    triple=${target%:*}; cpu=(); [[ $target == "$triple" ]] || cpu=(--cpu "${target#*:}")
    runnable $triple ${cpu[1]:-} || { echo "skipped: no $triple here"; continue; }
    file=network.o; [[ $triple != wasm32 ]] || file=network.wasm
    "$fovea" compile "$@" --target $triple "${cpu[@]}" -o $file --json >compiled.json 2>log || { wrong "$1 for $target: $(tail -1 log)"; continue; }
    [[ $triple != wasm32 ]] || node "${relaxed[@]}" -e 'process.exit(Number(!WebAssembly.validate(require("fs").readFileSync("network.wasm"))))' ||
      { [[ ${#cpu[@]} != 0 ]] && echo "skipped: no $target here" || wrong "$1 for $target is no module"; continue; }
    bytes=$(code_bytes $file "$(json compiled.json "j['weight_bytes']")")
    ((bytes > 1000 && bytes <= 300000)) || wrong "$1 for $target: $bytes bytes of code"
    answer_raw $triple <"$input" >got.raw || { wrong "$1 for $target: exit status $?: $(head -3 clang.log)"; continue; }
    $compare got.raw "$wanted" || { wrong "$1 for $target"; continue; }
    echo "$(basename "$1") for $target: $bytes bytes of code, $(json compiled.json "j['arena_bytes']") of working memory"
  done
}
# Older engines accept relaxed instructions only with an option.
relaxed=(); [[ $(node --v8-options 2>/dev/null) != *experimental-wasm-relaxed-simd* ]] || relaxed=(--experimental-wasm-relaxed-simd)
# Runs raw tensors from standard input through what was just compiled.
answer_raw() {
  if [[ $1 == wasm32 ]]; then node "${relaxed[@]}" raw.cjs; return; fi
  [[ -z $(llvm-nm-19 -u network.o) ]] || wrong "needs $(llvm-nm-19 -u network.o | xargs) on $1"
  clang "$1" -I. raw.c network.o -o raw -lm && $runner ./raw
}

# The same with a module, which has no imports and never grows its memory.
cat >raw.cjs <<'J'
const fs = require('fs');
const compiled = new WebAssembly.Module(fs.readFileSync('network.wasm'));
if (WebAssembly.Module.imports(compiled).length > 0) process.exit(2);
const {exports: network} = new WebAssembly.Instance(compiled);
const told = JSON.parse(Buffer.from(WebAssembly.Module.customSections(compiled, 'fovea')[0]).toString());
const bytes = ({shape, type}) => shape.reduce((a, b) => a * b, 1) * (type === 'f32' ? 4 : 1);
const [input, output, before] = [bytes(told.inputs[0]), bytes(told.outputs[0]), network.memory.buffer.byteLength];
const given = fs.readFileSync(0);
for (let at = 0; at < given.length; at += input) {
  new Uint8Array(network.memory.buffer, network.input(0), input).set(given.subarray(at, at + input));
  if (network.run() !== 0 || network.memory.buffer.byteLength !== before) process.exit(3);
  fs.writeSync(1, new Uint8Array(network.memory.buffer, network.output(0), output));
}
J

# pixels NAME COUNT SHAPE: writes NAME.npy and NAME.raw with numbers between -1 and 2.
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
# raw FILE.npy: writes its numbers alone.
raw() { python3 -c "
import sys
data = open(sys.argv[1], 'rb').read()
sys.stdout.buffer.write(data[10 + int.from_bytes(data[8:10], 'little'):])" "$1"; }
# answers NAME MODEL OPTIONS...: writes what `fovea run` answers to NAME.npy, as NAME.wanted.
answers() {
  local name=$1; shift
  "$fovea" run "$@" --probabilities --input "$name.npy" --output wanted.npy >/dev/null 2>log || wrong "run $1: $(tail -1 log)"
  raw wanted.npy >"$name.wanted"
}
# golden MODEL IMAGES...: writes golden.x and golden.y, the inputs and answers of TensorFlow Lite's interpreter.
golden() {
  local model=$1 image; shift; : >golden.x; : >golden.y
  for image in "$@"; do raw "$data/golden/$model-$image.x.npy" >>golden.x; raw "$data/golden/$model-$image.y.npy" >>golden.y; done
}
