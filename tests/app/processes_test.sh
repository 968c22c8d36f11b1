#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A training in several processes: the same bytes for any number of them, whoever dies or is stopped, and one line where it ends.
source "$(dirname "$0")/common.sh"
command -v mpirun >/dev/null || { echo "skipped: mpirun is not there (Debian's package openmpi-bin)"; exit 77; }
cd "$work" || exit 1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
settings=(--data digits:512 --epochs 2 --batch 64 --set shards=8)
bytes() { (cd "$1" && sha256sum ./*.safetensors); }
in_processes() { local count=$1; shift; mpirun -q -n "$count" --bind-to none "$fovea" train "$@"; }

# One process on its own is the reference, and loads no MPI.
LD_DEBUG=files "$fovea" train mnist-cnn "${settings[@]}" --out alone >/dev/null 2>log || wrong "alone: $(tail -1 log)"
grep -q libmpi log && wrong "a process on its own loads MPI"
for count in 1 2 3 4 8; do
  in_processes $count mnist-cnn "${settings[@]}" --threads $((count % 2 + 1)) --out shared-$count >/dev/null 2>log || wrong "$count: $(tail -1 log)"
  [[ $(bytes alone) == "$(bytes shared-$count)" ]] || wrong "$count processes differ from one"
  [[ $(cut -d, -f1-8 alone/metrics.jsonl) == $(cut -d, -f1-8 shared-$count/metrics.jsonl) ]] || wrong "$count: other metrics"
done

# Other optimizers, averages, bf16, and networks with batch norms, on pictures that are drawn differently in every epoch.
python3 - <<'MAKE'
import os, random, struct, zlib
random.seed(3)
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
for part, count in (("train", 40), ("test", 10)):
    for name in ("one", "two"):
        os.makedirs(f"pictures/{part}/{name}")
        for i in range(count):
            rows = b"".join(b"\0" + random.randbytes(36 * 3) for _ in range(36))
            with open(f"pictures/{part}/{name}/{i}.png", "wb") as file:
                file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 36, 36, 8, 2, 0, 0, 0)) +
                           chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
MAKE
compare() {
  local name=$1; shift
  local words=(resnet20 "$@" --data images:pictures --epochs 1 --batch 40 --set shards=4)
  in_processes 1 "${words[@]}" --out "$name-1" >/dev/null 2>log || wrong "$name: $(tail -1 log)"
  in_processes 3 "${words[@]}" --out "$name-3" >/dev/null 2>log || wrong "$name: $(tail -1 log)"
  [[ $(bytes "$name-1") == "$(bytes "$name-3")" ]] || wrong "$name: three processes differ from one"
}
compare lars --optimizer lars --set average.decay=0.9
compare bf16 --optimizer adamw --dtype bf16

# A step is planned from its kernels: of two processes each sends as many bytes as are summed, of four half as many more.
"$fovea" summary mnist-mlp --train --processes 1,2,4 --bandwidth 1Gbit --seconds 0.1 --write-profile step.json --json >plan.json 2>log || wrong "plan: $(tail -1 log)"
python3 - <<'CHECK' || wrong "the plan: $(head -c 600 plan.json)"
import json
size = sum(each["bytes"] for each in json.load(open("step.json"))["gradients"])
alone, two, four = json.load(open("plan.json"))["plans"]
assert size > 4 * 784 and [alone["bytes_sent"], two["bytes_sent"], four["bytes_sent"]] == [0, size, 2 * (size - size // 4)]
assert abs(two["exchange_seconds"] + two["hidden_seconds"] - size / 125e6) < 1e-3 and four["computing_seconds"] * 2 == two["computing_seconds"]
CHECK
"$fovea" summary mnist-mlp --train --processes 1,4096 --weak --batch 16 --profile step.json --picture plan.svg >/dev/null 2>log && grep -q '>4096<' plan.svg ||
  wrong "weak scaling: $(tail -1 log)"

# A process with another processor is named and refused.
cat >other <<'PROGRAM'
#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" = 1 ] && export FOVEA_CPU=x86-64-v2
exec "$PROGRAM" "$@"
PROGRAM
chmod +x other
if [[ $(uname -m) == x86_64 ]]; then
  PROGRAM=$fovea mpirun -q -n 2 ./other train mnist-mlp "${settings[@]}" --out other-run >/dev/null 2>log; status=$?
  [[ $status == 1 && $(wc -l <log) == 1 ]] || wrong "another processor: status $status, $(head -c 300 log)"
  grep -q 'the processor of process 1 of 2 on .* is x86-64-v2 .*--mixed' log || wrong "another processor: $(tail -1 log)"
  PROGRAM=$fovea mpirun -q -n 2 ./other train mnist-mlp "${settings[@]}" --mixed --out other-run >/dev/null 2>log || wrong "--mixed: $(tail -1 log)"
fi

# What no process can do is said once.
in_processes 3 mnist-mlp "${settings[@]}" --set shards=2 --out few >/dev/null 2>log; status=$?
[[ $status == 2 && $(wc -l <log) == 1 ]] || wrong "few shards: status $status, $(head -c 300 log)"
grep -q '3 processes are more than the 2 shards' log || wrong "few shards: $(tail -1 log)"

# process_of RUN RANK: the process that trains with --out RUN under this number.
process_of() {
  local pid
  for pid in $(pgrep -f -- "^$fovea train .*--out $1"); do
    grep -qzx "OMPI_COMM_WORLD_RANK=$2" "/proc/$pid/environ" 2>/dev/null && echo "$pid"
  done
}
# A process that stands still is named after the limit.
"$fovea" launch -n 3 -- train mnist-mlp --data digits:6000 --epochs 1000 --batch 64 --set shards=4 --stall-limit 4 --out still \
  >/dev/null 2>log & launched=$!
until [[ -f still/state.json ]] || ! kill -0 $launched 2>/dev/null; do sleep 0.1; done
kill -STOP "$(process_of still 2)"
start=$SECONDS; wait $launched; status=$?
((SECONDS - start <= 15)) || wrong "a process that stands still holds the others for $((SECONDS - start)) s"
[[ $status == 1 ]] || wrong "stands still: status $status"
grep -q '^fovea: .*process 2 of 3 on .* has not answered for 4 s' log || wrong "stands still: $(tail -3 log)"

# Processes are killed while they train and save, the first one, too; the run goes on, and ends with equal bytes.
run=(mnist-cnn --data digits:512 --epochs 6 --batch 64 --set shards=4 --set checkpoint.every_steps=2)
in_processes 1 "${run[@]}" --out straight >/dev/null 2>log || wrong "straight: $(tail -1 log)"
"$fovea" launch -n 3 --restarts 20 -- train "${run[@]}" --out killed >/dev/null 2>killed.log & launched=$!
kills=0
while kill -0 $launched 2>/dev/null; do
  sleep "0.$((RANDOM % 9 + 1))"
  ((kills < 5)) || continue
  pid=$(process_of killed $((kills % 3)))
  [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null && kills=$((kills + 1))
done
wait $launched || wrong "launch: $(tail -3 killed.log)"
echo "$kills processes were killed"
((kills >= 3)) || wrong "only $kills processes were killed"
grep -q '^fovea: .*exited on signal 9' killed.log || wrong "nobody is named: $(head -c 300 killed.log)"
[[ $(bytes straight) == "$(bytes killed)" ]] || wrong "a run with $kills deaths has other bytes"

# A signal to the launcher saves; another number of processes goes on.
"$fovea" launch -n 2 -- train "${run[@]}" --out stopped >/dev/null 2>log & launched=$!
until [[ -f stopped/state.json ]] || ! kill -0 $launched 2>/dev/null; do sleep 0.05; done
kill -TERM $launched; wait $launched; status=$?
[[ $status == 130 ]] && grep -q 'interrupted by SIGUSR1 at step' log || wrong "interrupted: status $status, $(tail -2 log)"
"$fovea" launch -n 4 -- train --resume --out stopped >/dev/null 2>log || wrong "resuming: $(tail -1 log)"
[[ $(bytes straight) == "$(bytes stopped)" ]] || wrong "a run that was stopped and resumed by others has other bytes"

# After a death it starts again on the machines that answer: here mpirun and ssh are programs that only write down what is asked.
mkdir fake
cat >fake/mpirun <<'PROGRAM'
#!/bin/sh
echo "$*" >>calls
[ "$(wc -l <calls)" = 2 ]
PROGRAM
cat >fake/agent <<'PROGRAM'
#!/bin/sh
echo "$*" >>asked
[ "$1" != b ]
PROGRAM
chmod +x fake/*
printf 'a slots=2\nb  # is gone\nc slots=3\n' >hosts
PATH=$work/fake:$PATH OMPI_MCA_plm_rsh_agent=$work/fake/agent "$fovea" launch --hosts hosts --restarts 1 -- train mnist-mlp --out killed \
  2>log || wrong "fake machines: $(tail -1 log)"
grep -q -- '-n 6 .*--host a:2,b:1,c:3 .*train mnist-mlp --out killed$' <(sed -n 1p calls) || wrong "first call: $(sed -n 1p calls)"
grep -q -- '-n 5 .*--host a:2,c:3 .*train mnist-mlp --out killed --resume$' <(sed -n 2p calls) || wrong "second call: $(sed -n 2p calls)"
[[ $(cat asked) == $'a true\nb true\nc true' ]] || wrong "asked: $(cat asked)"
grep -q 'starting again, 1 of 1, on 2 of 3 machines, from the last checkpoint' log || wrong "says: $(cat log)"

# mpirun may wait for ever for a machine that it cannot reach, after a process has said why all end.
mkdir hangs
printf '#!/bin/sh\necho "fovea: process 1 of 2 on b has not answered" >&2\nsleep 100\n' >hangs/mpirun
chmod +x hangs/mpirun
start=$SECONDS
PATH=$work/hangs:$PATH "$fovea" launch -n 2 -- train mnist-mlp 2>log; status=$?
[[ $status == 1 ]] && ((SECONDS - start < 30)) || wrong "mpirun that hangs: status $status after $((SECONDS - start)) s"
grep -q 'has not answered' log || wrong "mpirun that hangs: $(cat log)"

# What launch refuses.
printf 'a slots=2\n-oProxyCommand=x\n' >hosts; refused 2 'hosts:2: "-oProxyCommand=x" is not the name' launch --hosts hosts -- train mnist-mlp
printf 'a slots=none\n' >hosts; refused 2 'is not slots=N' launch --hosts hosts -- train mnist-mlp
printf '# nobody\n' >hosts; refused 2 'names no machine' launch --hosts hosts -- train mnist-mlp
printf 'a\nb slots=2\n' >hosts; refused 2 '4 processes do not fit the 3 slots' launch -n 4 --hosts hosts -- train mnist-mlp
refused 2 'launch starts fovea train' launch -n 2 -- eval runs/x
refused 2 '--restarts needs' launch -n 2 --restarts 1 -- train mnist-mlp
finish
