#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where results are written: pipes, devices and links stay what they are, names and paths may be long, old content survives a
# full disk, and JSON is valid for any names.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
python3 - <<'P'
import struct
shape = (1, 28, 28, 1)
head = ("{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % (shape,)).encode()
head += b" " * (-(len(head) + 11) % 64) + b"\n"
open("x.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack("<784f", *(i % 7 / 7 for i in range(784))))
P
run() { "$fovea" run mnist-mlp --input x.npy --output "$@" 2>log; }
run y.npy >/dev/null || wrong "run: $(tail -1 log)"

# Pipes, all names of standard output, links to them and links to files.
mkfifo pipe; cat pipe >through & run pipe >/dev/null || wrong "into a pipe: $(tail -1 log)"; wait $!
[[ -p pipe ]] || wrong "the pipe is now a $(stat -c %F pipe)"; cmp -s through y.npy || wrong "other bytes went through the pipe"
ln -s /proc/self/fd/1 out
for name in /dev/stdout /dev/fd/1 /proc/self/fd/1 out; do
  run $name >plain || wrong "into $name: $(tail -1 log)"; cmp -s plain y.npy || wrong "$name, a file: other bytes"
  run $name | cat >piped; cmp -s piped y.npy || wrong "$name, a pipe: other bytes"
done
[[ -L out && -L /dev/stdout ]] || wrong "a link to standard output was replaced"
mkdir far; echo old >far/file; ln -s far/file near; ln -s far/new dangling
for name in near dangling; do run $name >/dev/null || wrong "through $name: $(tail -1 log)"; [[ -L $name ]] || wrong "the link $name was replaced"; cmp -s $name y.npy || wrong "$name: other bytes"; done
(run pipe >/dev/null; echo $? >status) & exec 5<pipe; exec 5<&-; wait $!
[[ $(cat status) == [01] ]] || wrong "nobody reads: exit status $(cat status)"

# Devices, where they can be created. The program of a network takes its permissions from the file that it replaces.
mkdir dev
if mknod dev/null c 1 3 2>/dev/null && mknod dev/full c 1 7 && (: >dev/null) 2>/dev/null; then
  "$fovea" data digits:60 >/dev/null 2>&1 -o dev/null || wrong "data -o: $?"
  run dev/null >/dev/null || wrong "into a device: $(tail -1 log)"
  "$fovea" compile mnist-mlp --target "$(uname -m)-linux-gnu" -o dev/null >/dev/null 2>log || grep -q 'is not installed here' log || wrong "compile: $(tail -1 log)"
  run dev/full >/dev/null; (($? == 1)) && grep -q 'cannot write dev/full: No space left on device' log || wrong "onto a full device: $(tail -1 log)"
  for device in null full; do [[ $(stat -c '%F %a' dev/$device) == 'character special file 644' ]] || wrong "dev/$device is now $(stat -c '%F %a' dev/$device)"; done
else
  echo "skipped: no devices here"
fi

# Names up to the file system's limit, for every writer; paths of thousands of characters.
most=$(getconf NAME_MAX .)
long() { printf 'n%.0s' $(seq $((most - ${#1}))); printf %s "$1"; }
run "$(long .npy)" >/dev/null || wrong "a long name: $(tail -c 80 log)"
for ending in .onnx .tflite .safetensors; do "$fovea" export mnist-mlp -o "$(long $ending)" >/dev/null 2>log || wrong "export $ending: $(tail -c 80 log)"; done
"$fovea" compile mnist-mlp --target wasm32 -o "$(long .o)" >/dev/null 2>log || wrong "compile: $(tail -c 80 log)"
[[ $(find . -name '*.tmp') == "" ]] || wrong "temporary files stay"
deep=$work; while ((${#deep} < 2000)); do deep+=/$(printf 'ä %.0s' $(seq 60)); done; mkdir -p "$deep"
run "$deep/$(long .npy)" >/dev/null && cmp -s "$deep/$(long .npy)" y.npy || wrong "a long path: $(tail -c 80 log)"

# A full disk, simulated by a limit.
"$fovea" export mnist-mlp -o kept.onnx >/dev/null 2>log; before=$(sha256sum kept.onnx)
(trap '' XFSZ; ulimit -f 16; "$fovea" export mnist-mlp --seed 2 -o kept.onnx >/dev/null 2>log); (($? == 1)) || wrong "a full disk goes unnoticed"
[[ $(sha256sum kept.onnx) == "$before" && $(find . -name '*.tmp') == "" ]] || wrong "a full disk took what was there"

# JSON output.
bad=$(printf 'caf\xe9 \xf0\x9f\x90.png'); mkdir "$(printf 'folder\xff')"
python3 - <<'P'
import struct, zlib
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0" * 29 * 28)) + chunk(b"IEND", b"")
for name in (b"caf\xe9 \xf0\x9f\x90.png", b"folder\xff/a.png"): open(name, "wb").write(png)
open("labels", "wb").write(b"".join(b"n\xc3\xa9 %d\n" % i for i in range(10)))
P
valid() { python3 -c "
import json, sys
def refuse(word): raise ValueError(word)
j = json.loads(open(sys.argv[1], 'rb').read().decode(), parse_constant=refuse)
print($2)" "$1" 2>&1; }
"$fovea" export mnist-cnn -o named.tflite >/dev/null 2>&1
"$fovea" classify named.tflite --labels labels "$bad" "$(printf 'folder\xff/a.png')" --json >got.json 2>log || wrong "classify: $(tail -1 log)"
[[ $(valid got.json "[p['image'] for p in j] == ['caf\ufffd \ufffd.png', 'folder\ufffd/a.png'] and j[0]['predictions'][0]['label'].startswith('n\u00e9 ')") == True ]] || wrong "classify --json: $(valid got.json "j")"
"$fovea" run mnist-mlp --input x.npy --output "$(printf 'y\xff.npy')" --json >got.json 2>log && [[ $(valid got.json "j['file']") == y*.npy ]] || wrong "run --json: $(valid got.json "j")"
if "$fovea" compile named.tflite --labels labels --target "$(uname -m)-linux-gnu" -o name >/dev/null 2>log; then
  ./name "$bad" "$(printf 'folder\xff/a.png')" --json >own.json 2>log || wrong "the program: $(tail -1 log)"
  "$fovea" classify named.tflite --labels labels "$bad" "$(printf 'folder\xff/a.png')" --json >got.json 2>/dev/null
  told="[(p['image'], p['predictions'][0]['label']) for p in j]"
  [[ $(valid own.json "$told") == "$(valid got.json "$told")" ]] || wrong "the program's --json: $(valid own.json "$told")"
else
  grep -q 'is not installed here' log || wrong "compile: $(tail -1 log)"
fi
finish
