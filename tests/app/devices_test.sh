#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A Vulkan device (Mesa's lavapipe where there is no other): the same answers as the processor, training with the same bits at
# every run, runs that go on on the other device, and no word of the validation layers.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
pictures() { python3 -c "
import array, struct, sys
shape = tuple(map(int, sys.argv[2].split(',')))
count = 1
for n in shape: count *= n
state, values = 1, array.array('f')
for _ in range(count):
    state = state * 1103515245 + 12345 & 0x7fffffff
    values.append(state / 0x40000000 - 1)
header = repr({'descr': '<f4', 'fortran_order': False, 'shape': shape}).ljust(117) + '\n'
open(sys.argv[1], 'wb').write(b'\x93NUMPY\x01\x00' + struct.pack('<H', 118) + header.encode() + values.tobytes())" "$@"; }
# error A B: the largest difference as a share of the largest number of A.
error() { python3 -c "
import array, sys
def read(path):
    data = open(path, 'rb').read(); values = array.array('f'); values.frombytes(data[10 + int.from_bytes(data[8:10], 'little'):]); return values
a, b = map(read, sys.argv[1:]); assert len(a) == len(b) > 0
print(max(abs(x - y) for x, y in zip(a, b)) / max(map(abs, a)))" "$@"; }
bytes() { (cd "$1" && sha256sum ./*.safetensors); }

pictures x.npy 1,28,28,1

# Without a driver everything but the device works, and the error says what was looked for.
VK_ICD_FILENAMES=/none VK_DRIVER_FILES=/none refused 1 'there is no device "vulkan"' run mnist-cnn --device vulkan --input x.npy --output y.npy
refused 2 'unknown device "vulcan"; did you mean "vulkan"' run mnist-cnn --device vulcan --input x.npy --output y.npy
"$fovea" devices >listed
grep -q '^cpu' listed || wrong "fovea devices does not list the processor"
"$fovea" lower mnist-mlp --device vulkan --stage spirv >spirv
grep -q 'spirv.EntryPoint "GLCompute"' spirv || wrong "no SPIR-V without a device"
if ! grep -q '^vulkan:0' listed; then
  finish && echo "skipped: there is no Vulkan device (mesa-vulkan-drivers has one)" && exit 77
  exit 1
fi
refused 1 'there is no device "vulkan:99"' run mnist-cnn --device vulkan:99 --input x.npy --output y.npy

# The same logits.
for model in mnist-cnn:28,28,1 resnet20:32,32,3; do
  name=${model%:*}
  pictures x.npy "1,${model#*:}"
  "$fovea" run "$name" --input x.npy --output a.npy >/dev/null 2>log || wrong "$name: $(tail -1 log)"
  "$fovea" run "$name" --device vulkan --input x.npy --output b.npy >/dev/null 2>log || { wrong "$name: $(tail -1 log)"; continue; }
  share=$(error a.npy b.npy)
  python3 -c "import sys; sys.exit(not float(sys.argv[1]) < 1e-4)" "$share" || wrong "$name: differs by $share of the largest"
done

# A training run is the same at every run, and its accuracy the processor's.
settings=(mnist-mlp --data digits:200 --epochs 3 --batch 20)
for name in one two; do "$fovea" train "${settings[@]}" --device vulkan --out $name --json >$name.json 2>log || wrong "training: $(tail -1 log)"; done
"$fovea" train "${settings[@]}" --device cpu --out cpu --json >cpu.json 2>log || wrong "training: $(tail -1 log)"
[[ $(bytes one) == "$(bytes two)" ]] || wrong "two runs of one recipe differ on a device"
python3 -c "import json,sys; a,b=(json.load(open(f))['top1'] for f in sys.argv[1:]); sys.exit(not abs(a-b) < 0.07)" one.json cpu.json || wrong "top-1 differs: $(grep top1 one.json cpu.json)"

# Random numbers, steps in parts, averages and other optimizers; a run that one device begins and the other goes on with.
"$fovea" train mnist-cnn --data digits:16 --batch 4 --epochs 1 --set accumulate=2 --set average.decay=0.9 --optimizer adam --device vulkan --out parts >/dev/null 2>log ||
  wrong "steps in parts: $(tail -1 log)"
"$fovea" train "${settings[@]}" --set checkpoint.every_steps=3 --device vulkan --out moved >/dev/null 2>log &
until [[ -e moved/state.json ]] || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
kill -INT $! 2>/dev/null; wait $!
"$fovea" train --resume --device cpu --out moved --json >moved.json 2>log || wrong "a run does not go on on the processor: $(tail -1 log)"
python3 -c "import json,sys; a,b=(json.load(open(f))['top1'] for f in sys.argv[1:]); sys.exit(not abs(a-b) < 0.07)" moved.json cpu.json || wrong "top-1 differs after moving"
for device in vulkan cpu; do
  "$fovea" train mnist-mlp --data digits:60 --epochs 1 --batch 20 --dtype bf16 --device $device --out half-$device --json >half-$device.json 2>log ||
    wrong "training in bf16: $(tail -1 log)"
done
python3 -c "import json,sys; a,b=(json.load(open(f))['loss'] for f in sys.argv[1:]); sys.exit(not abs(a-b) < 1e-3*b)" half-vulkan.json half-cpu.json ||
  wrong "the loss differs in bf16: $(grep loss half-*.json)"
refused 2 "a limit of the process's memory" train "${settings[@]}" --memory 4GiB --device vulkan --out limited

# The layers that check how Vulkan is used have nothing to say.
if [[ -e /usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json ]]; then
  pictures x.npy 1,28,28,1
  VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation "$fovea" run mnist-cnn --device vulkan --input x.npy --output v.npy >said 2>&1 || wrong "validation: $(tail -1 said)"
  grep -iE 'validation|VUID' said && wrong "the validation layers complain"
fi
finish
