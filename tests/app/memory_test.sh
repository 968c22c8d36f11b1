#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Training in less memory and with another number of workers gives the same bytes, the cost is printed, and the whole process
# stays within the limit from start to end. Evaluation in bf16.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# Images of noise in class folders.
python3 - <<'P'
import os, random, struct
random.seed(1)
for split, count in ("train", 40), ("test", 10):
    for name in "left", "right":
        os.makedirs(f"noise/{split}/{name}")
        for i in range(count):
            pixels = random.randbytes(40 * 40 * 3)
            header = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 40, 40, 1, 24, 0, len(pixels), 0, 0, 0, 0)
            open(f"noise/{split}/{name}/{i}.bmp", "wb").write(header + pixels)
P
settings=(resnet20 --data images:noise --epochs 1 --batch 16 --seed 3 --set rate.warmup_epochs=0)
bytes() { (cd "$1" && sha256sum ./*.safetensors); }

"$fovea" train "${settings[@]}" --out all >/dev/null 2>all.log || wrong "resnet20: $(tail -1 all.log)"
"$fovea" summary resnet20 --classes 2 --train --batch 16 --json >all.json 2>/dev/null || wrong "summary"
step=$(json all.json "int(j['memory'][0]['peak_bytes'] - 0.3 * j['memory'][0]['arena_bytes'])")
"$fovea" summary resnet20 --classes 2 --train --batch 16 --memory "$step" --json >less.json 2>/dev/null || wrong "summary --memory"
[[ $(json less.json "j['memory'][0]['peak_bytes'] <= $step and j['memory'][0]['repeated_calls'] > 0 and j['memory'][0]['repeated_multiply_adds'] >= 0") == True ]] ||
  wrong "less memory: $(json less.json "j['memory']")"
"$fovea" summary resnet20 --classes 2 --train --batch 16 --dtype bf16 --json >half.json 2>/dev/null || wrong "summary --dtype bf16"
[[ $(json half.json "j['memory'][0]['arena_bytes'] < $(json all.json "j['memory'][0]['arena_bytes']")") == True ]] || wrong "bf16 takes no less memory"

# peak COMMAND...: writes the largest resident size of a command, in bytes, to the file peak.
peak() { python3 -c "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; open('peak', 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)); sys.exit(code)" "$@"; }
# planned LOG: the planned memory of the process in training and in a test, in bytes.
planned() { sed -nE 's/^memory: .* by plan ([0-9.]+) ([MG])B in training, .* and ([0-9.]+) ([MG])B in a test$/\1 \2 \3 \4/p' "$1" | awk '{ print int($1 * ($2 == "G" ? 1e9 : 1e6)), int($3 * ($4 == "G" ? 1e9 : 1e6)) }'; }
large=(resnet18-cifar --data images:noise --epochs 2 --batch 32 --seed 3 --set rate.warmup_epochs=0 --set average.decay=0.9 --set checkpoint.every_steps=1)
peak "$fovea" train "${large[@]}" --memory 100GiB --workers 3 --out roomy >/dev/null 2>roomy.log || wrong "resnet18-cifar: $(tail -1 roomy.log)"
read -r training testing < <(planned roomy.log); used=$(cat peak)
((used < 105 * (training > testing ? training : testing) / 100)) || wrong "planned $training and $testing bytes, $used were resident"
"$fovea" summary resnet18-cifar --classes 2 --train --batch 32 --json >large.json 2>/dev/null || wrong "summary"
promise=$(json large.json "int($training - 0.3 * j['memory'][0]['arena_bytes'])")
peak "$fovea" train "${large[@]}" --memory "$promise" --workers 3 --out tight >/dev/null 2>tight.log || wrong "with less memory: $(tail -1 tight.log)"
used=$(cat peak); echo "planned $training bytes; promised $promise, $used resident"
((used < 105 * promise / 100)) || wrong "$promise bytes were promised, $used were resident"
# The weights must be equal. Of the metrics, the loss of a test may differ in its last digits, if the log says so.
[[ $(bytes roomy) == "$(bytes tight)" && $(cut -d, -f1-5,7-8 roomy/metrics.jsonl) == $(cut -d, -f1-5,7-8 tight/metrics.jsonl) ]] || wrong "in less memory, another run"
python3 -c "
import json
a, b = ([json.loads(line)['test_loss'] for line in open(f'{run}/metrics.jsonl')] for run in ('roomy', 'tight'))
direct = 'the last digits of their loss differ' in open('tight.log').read()
exit(not (a == b or direct and all(abs(x - y) < 1e-6 * x for x, y in zip(a, b))))" || wrong "in less memory, another loss in tests: $(cut -d, -f6 roomy/metrics.jsonl tight/metrics.jsonl)"
refused 2 'are allowed. A smaller batch takes less' train "${large[@]}" --memory 100MB --out none

grep -q 'to fit, [0-9]* kernel calls run again .* multiply-adds more .* by plan' tight.log || wrong "the planned cost is not said: $(cat tight.log)"
grep -q 'computed again, as measured: .* ms of .* ms a step' tight.log || wrong "the measured cost is not said: $(cat tight.log)"
grep -q 'computed again\|to fit' all.log && wrong "a cost is said where there is none"
"$fovea" bench resnet20 --train --batch 16 --steps 2 --memory "$step" --json >bench.json 2>/dev/null || wrong "bench --memory"
[[ $(json bench.json "j['repeated_calls'] > 0 and 0 < j['repeated_milliseconds'] < 3 * j['milliseconds']") == True ]] || wrong "bench: $(cat bench.json)"

# The memory planned for a step is what becomes resident, when the tensors are large compared with the rest of the process.
"$fovea" bench resnet18-cifar --train --batch 32 --steps 1 --json >large.json 2>/dev/null || wrong "bench"
[[ $(json large.json "abs(j['measured_bytes'] - j['memory_bytes']) < 0.1 * j['memory_bytes']") == True ]] || wrong "memory: $(cat large.json)"

# The same network with other roundings.
"$fovea" eval all --json >f32.json 2>/dev/null && "$fovea" eval all --dtype bf16 --json >bf16.json 2>/dev/null || wrong "eval --dtype bf16"
json f32.json "j['loss']" >f32; json bf16.json "j['loss']" >bf16
python3 -c "a, b = float(open('f32').read()), float(open('bf16').read()); exit(not (a != b and abs(a - b) < 0.02 * a))" ||
  wrong "eval in f32: $(cat f32), in bf16: $(cat bf16)"
"$fovea" export all -o all.onnx >/dev/null 2>&1 || wrong "export"
refused 2 '--dtype is for runs and networks of fovea models' eval all.onnx --data images:noise --dtype bf16
finish
