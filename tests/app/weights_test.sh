#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Published weights by name, from a server on loopback, as .safetensors and as torch.save writes them: what arrives, what is kept
# to go on from, what is refused, where they are looked for, and that they are trained on as their catalog says.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
source "$here/server.sh"
export FOVEA_HOME=$work/home TORCH_HOME=$work/torch XDG_DATA_DIRS=$work/shared:$work/none no_proxy=127.0.0.1
kept=$FOVEA_HOME/weights
"$fovea" export mobilenet-v2 --width 0.35 -o theirs.safetensors >/dev/null 2>&1 || wrong "no weights to publish"
keys='size = 32
resize = 36
interpolation = "bicubic"
mean = [0.5, 0.5, 0.5]
deviation = [0.25, 0.25, 0.25]
convention = "tensorflow"
width = 0.35'
{ read -r file; read -r pth; } < <(python3 "$here/make_remote_weights.py" theirs.safetensors served "$url/good" mobilenet-v2 "$keys")
[[ -s served/$pth ]] || { wrong "no server of weights"; finish; }
catalog=(--weights-catalog served/weights.toml)
size=$(wc -c <"served/$file")

fetched() { "$fovea" fetch weights "${catalog[@]}" "$@" >out 2>err || wrong "fetch $*: $(cat err)"; }
fetch_refused() {
  local status=$1 message=$2 got; shift 2
  "$fovea" fetch weights "${catalog[@]}" "$@" >out 2>err; got=$?
  ((got == status)) || wrong "fetch $*: exit status $got, wanted $status: $(cat err)"
  tail -1 err | grep -qF -- "$message" || wrong "fetch $*: said \"$(tail -1 err)\", wanted \"$message\""
}
same() { cmp -s "$1" "$2" || wrong "$1 is not $2"; }
afresh() { rm -rf "$FOVEA_HOME" served/revived; : >log; }
nothing_left() { [[ -z $(find "$FOVEA_HOME" -type f 2>/dev/null) ]] || wrong "$1 left $(find "$FOVEA_HOME" -type f)"; }

# By the name, by that of the file, by the model's (its first); once.
fetched mobilenet-v2@pth --json
same "$kept/$pth" "served/$pth"
[[ $(json out "j['received_bytes'], j['was_there']") == "$(wc -c <"served/$pth") False" ]] || wrong "fetched: $(cat out)"
: >log
fetched "$pth" --json
[[ $(json out "j['was_there']") == True && ! -s log ]] || wrong "fetched twice: $(cat log)"
fetched mobilenet-v2
same "$kept/$file" "served/$file"
"$fovea" models --weights "${catalog[@]}" --json >out || wrong "no list"
[[ $(json out "[w['name'] for w in j], j[0]['top1'], j[0]['license']") == "['mobilenet-v2@safetensors', 'mobilenet-v2@pth'] 0.715 Apache-2.0" ]] || wrong "the list: $(cat out)"
"$fovea" models --weights >out || wrong "no list of what is built in"
grep -q '^mobilenet-v2@torchvision .*72.15%.*https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth' out || wrong "the built-in list: $(head -3 out)"

# Caches that others filled are read and never written, the user's folder comes last; a wrong file there is passed over.
afresh
mkdir -p torch/hub/checkpoints shared/fovea/weights
cp "served/$pth" torch/hub/checkpoints
cp "served/$file" shared/fovea/weights
chmod -R a-w torch shared
for name in "$pth" "$file"; do fetched "$name"; done
[[ ! -s log && ! -e $FOVEA_HOME ]] || wrong "caches were not read: $(cat log)"
chmod -R u+w torch shared
echo x >>"torch/hub/checkpoints/$pth"
fetched mobilenet-v2@pth
grep -q 'is not the file it should be; it is passed over' err || wrong "a wrong file in a cache: $(cat err)"
same "$kept/$pth" "served/$pth"
[[ $(tail -c 2 "torch/hub/checkpoints/$pth") == x ]] || wrong "the cache was written"
rm -r torch shared

# Without the net: what is there, or where it was looked for.
fetched mobilenet-v2@pth --offline
: >log
fetch_refused 1 "--offline forbids downloading it" mobilenet-v2@safetensors --offline
grep -q "$work/torch/hub/checkpoints" err && [[ ! -s log ]] || wrong "offline: $(cat err log)"

# What comes wrong is not kept, of either size: known to the byte, or about.
for name in mobilenet-v2@safetensors mobilenet-v2@pth; do
  for manner in wrong html; do
    afresh
    fetch_refused 1 'cannot download' $name --mirror "$url/$manner"
    nothing_left "$manner"
  done
done
afresh; fetch_refused 1 'sha256' mobilenet-v2@pth --mirror "$url/wrong"
afresh; fetch_refused 1 'cannot download' mobilenet-v2@safetensors --mirror "$url/long"; nothing_left long
afresh; fetch_refused 1 'sha256' mobilenet-v2@pth --mirror "$url/long"; nothing_left long
afresh; fetch_refused 1 'it sends more than' mobilenet-v2@pth --mirror "$url/endless"; nothing_left endless
afresh; fetch_refused 1 '404' mobilenet-v2@pth --mirror "$url/good/none"
afresh; fetch_refused 1 'http://127.0.0.1:1' mobilenet-v2@pth --mirror http://127.0.0.1:1

# A connection that breaks is taken up again; one that is gone leaves its part for the next time.
for name in "$file" "$pth"; do
  afresh; fetched "$name" --mirror "$url/cut"; same "$kept/$name" "served/$name"
  half=$(($(wc -c <"served/$name") / 2))
  grep -q "/cut/$name bytes=$half-" log || wrong "no request for the rest: $(cat log)"
  afresh; fetch_refused 1 'bytes are kept' "$name" --mirror "$url/dying"
  touch served/revived; : >log
  fetched "$name" --mirror "$url/dying"; same "$kept/$name" "served/$name"
  grep -q "/dying/$name bytes=$half-" log || wrong "not gone on with: $(cat log)"
  afresh; mkdir -p "$kept"; head -c "$half" /dev/zero >"$kept/$name.part"  # of another file
  fetched "$name"; same "$kept/$name" "served/$name"
  afresh; mkdir -p "$kept"; cp "served/$name" "$kept/$name.part"  # all of it
  fetched "$name"; same "$kept/$name" "served/$name"
  for manner in norange shifted; do
    afresh; mkdir -p "$kept"; head -c "$half" "served/$name" >"$kept/$name.part"
    fetched "$name" --mirror "$url/$manner"; same "$kept/$name" "served/$name"
  done
done
afresh
(ulimit -f 64; "$fovea" fetch weights "${catalog[@]}" mobilenet-v2@safetensors >out 2>err); got=$?
((got == 1)) && tail -1 err | grep -q "cannot write .*: File too large; 65536 of $size bytes are there" || wrong "a full disk: $got $(cat err)"
fetched mobilenet-v2@safetensors; same "$kept/$file" "served/$file"

# Trained on: network, width, convention and preprocessing are the catalog's; both files give the same bytes.
afresh
python3 - <<'P'
import os, random, struct, zlib
for label, base in (("dark", 90), ("light", 150)):
    os.makedirs(f"photos/{label}")
    for i in range(20):
        draw = random.Random(f"{label} {i}")
        def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        rows = b"".join(b"\0" + bytes(base + draw.randrange(-60, 60) for _ in range(72)) for _ in range(24))
        with open(f"photos/{label}/{i}.png", "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 24, 8, 2, 0, 0, 0)) +
                       chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
P
for name in mobilenet-v2@safetensors mobilenet-v2@pth imagenet; do
  "$fovea" train photos "${catalog[@]}" --weights $name --epochs 0 --out run-$name >out 2>err || wrong "train --weights $name: $(tail -1 err)"
done
[[ $(sha256sum <run-mobilenet-v2@pth/model.safetensors) == "$(sha256sum <run-mobilenet-v2@safetensors/model.safetensors)" ]] || wrong "two forms of the same weights differ"
for key in "model = 'mobilenet-v2'" 'width = 0.35' "convention = 'tensorflow'" 'size = 32' 'resize = 36' "interpolation = 'bicubic'" 'mean = \[ 0.5, 0.5, 0.5 \]'; do
  grep -q "^$key" run-imagenet/recipe.toml || wrong "the recipe has no $key: $(cat run-imagenet/recipe.toml)"
done
"$fovea" train mobilenet-v2 photos "${catalog[@]}" --weights imagenet --epochs 0 --set head.epochs=1 --batch 32 --offline --out named >out 2>err || wrong "a named model: $(tail -1 err)"
refused 2 'no published weights of vgg11 are known' train vgg11 photos "${catalog[@]}" --weights imagenet --out x
refused 2 'neither a file, nor the folder of a run' train photos "${catalog[@]}" --weights mobilenet-v3 --out x
refused 2 'did you mean "mobilenet-v2@pth"?' fetch weights mobilenet-v2@pht "${catalog[@]}"

# No catalog.
bad() { printf '%s\n' "$1" >bad.toml; refused 2 "$2" fetch weights a --weights-catalog bad.toml; }
bad 'x = 1' 'stands outside'
bad '[a]
modell = "b"' 'did you mean "model"?'
bad '[a]
sha256 = "12345"' '8 to 64 hexadecimal digits'
bad '[a]
model = "b"' 'needs its model, address, sha256'
bad '[a]
convention = "caffe"' 'torch, tensorflow'
finish
