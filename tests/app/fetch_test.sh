#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `fovea data fetch` against a server on loopback: what is downloaded, what is refused, and what is kept to resume from.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
source "$here/server.sh"
python3 "$here/make_remote_data.py" served "$url/good" || exit 1
export FOVEA_HOME=$work/home no_proxy=127.0.0.1
data=$FOVEA_HOME/data images=train-images-idx3-ubyte.gz

# fetched MANNER ARGUMENTS...: must succeed. fetch_refused STATUS MESSAGE ARGUMENTS...: must fail with the message in the last
# line of standard error.
fetched() { "$fovea" data fetch --catalog served/catalog.toml "$@" >out 2>err || wrong "fetch $*: $(cat err)"; }
fetch_refused() {
  local status=$1 message=$2 got; shift 2
  "$fovea" data fetch --catalog served/catalog.toml "$@" >out 2>err; got=$?
  ((got == status)) || wrong "fetch $*: exit status $got, wanted $status: $(cat err)"
  tail -1 err | grep -qF -- "$message" || wrong "fetch $*: said \"$(tail -1 err)\", wanted \"$message\""
}
same() { cmp -s "$1" "$2" || wrong "$1 is not $2"; }
afresh() { rm -rf "$FOVEA_HOME" served/revived; : >log; }
nothing_left() { [[ -z $(find "$FOVEA_HOME" -type f 2>/dev/null) ]] || wrong "$1 left $(find "$FOVEA_HOME" -type f)"; }

# Without the data, specs say how to get it; with it, they find it.
refused 2 'get it with: fovea data fetch mnist' data mnist:
fetched mnist --json
[[ $(json out 'j["received_bytes"]') == $(cat served/*ubyte.gz | wc -c) ]] || wrong "received $(cat out)"
for file in served/*ubyte.gz; do same "$data/mnist/$(basename "$file")" "$file"; done
"$fovea" data mnist: --json -o "" >out 2>err || wrong "data mnist: after the fetch"
[[ $(json out 'j["train"]["count"], j["test"]["count"]') == "200 30" ]] || wrong "counts: $(cat out)"
: >log
fetched mnist --json
[[ $(json out 'j["was_there"]') == True && ! -s log ]] || wrong "a second fetch asked the server: $(cat log)"
printf 'x' >>"$data/mnist/$images"  # a corrupt file is replaced
fetched mnist
same "$data/mnist/$images" "served/$images"

# An archive becomes a folder and is deleted.
fetched imagenette
grep -q 'left out 1 files' err || wrong "what was left out is not told: $(cat err)"
[[ $(find "$data/imagenette" -name '*.png' | wc -l) == 16 && ! -e $data/imagenette2.tgz ]] || wrong "unpacked: $(find "$data")"
"$fovea" data imagenette: --json >out 2>err || wrong "data imagenette: after the fetch"
[[ $(json out 'j["train"]["count"], j["classes"]') == "8 ['church', 'tench']" ]] || wrong "imagenette: $(cat out)"
touch "$data/imagenette/mine"
fetched imagenette
[[ -e $data/imagenette/mine ]] || wrong "a data set that is there was replaced without --again"
fetched imagenette --again
[[ ! -e $data/imagenette/mine && -d $data/imagenette/train ]] || wrong "--again did not replace the data set"

# Archives with forbidden content leave nothing behind.
afresh
fetch_refused 1 'leads out of the archive' dots
fetch_refused 1 'is not a path inside the archive' absolute
fetch_refused 1 'neither a file nor a folder' symlink
fetch_refused 1 'neither a file nor a folder' hardlink
fetch_refused 1 'no files in a folder imagenette2' other
fetch_refused 1 'damaged archive' damaged
[[ ! -e $work/home/escaped && ! -e /tmp/fovea-escaped && -z $(find "$FOVEA_HOME" -mindepth 2 -type d) ]] ||
  wrong "archives left: $(find "$FOVEA_HOME")"

# Other content than the catalog's is refused and deleted.
for manner in wrong long html; do
  afresh
  fetch_refused 1 "cannot download $images" mnist --mirror "$url/$manner"
  nothing_left "$manner"
  [[ ! -e $data/mnist ]] || wrong "$manner left an empty data set"
done
afresh
fetch_refused 1 'sha256' mnist --mirror "$url/wrong"

# A broken connection is resumed at once, or restarted where ranges are ignored.
afresh
fetched mnist --mirror "$url/cut"
same "$data/mnist/$images" "served/$images"
size=$(wc -c <"served/$images")
grep -q "/cut/$images bytes=$((size / 2))-" log || wrong "no request for the rest: $(cat log)"

# A server that fails half way: what arrived is kept, and the next time only the rest is requested.
afresh
fetch_refused 1 "($((size / 2)) of $size bytes are kept" mnist --mirror "$url/dying"
[[ $(wc -c <"$data/mnist/$images.part") == $((size / 2)) ]] || wrong "no half of the file: $(ls -l "$data/mnist")"
cp -r "$FOVEA_HOME" half
touch served/revived
: >log
fetched mnist --mirror "$url/dying" --json
same "$data/mnist/$images" "served/$images"
[[ $(head -2 log | tail -1) == "/dying/$images bytes=$((size / 2))-" ]] || wrong "asked for: $(cat log)"
[[ ! -e $data/mnist/$images.part ]] || wrong "the part is still there"

# The same half with a server that ignores ranges, with one that sends another range, and with a half of another file.
for manner in norange shifted good; do
  afresh
  cp -r half "$FOVEA_HOME"
  [[ $manner == good ]] && head -c $((size / 2)) /dev/zero >"$data/mnist/$images.part"
  fetched mnist --mirror "$url/$manner"
  same "$data/mnist/$images" "served/$images"
done

# Redirections; a mirror from the environment, with a folder for each data set; local files.
afresh
fetched mnist --mirror "$url/moved"
afresh
mkdir -p served/mnist && cp served/*ubyte.gz served/mnist
FOVEA_MIRROR=$url/good/ fetched mnist
grep -q "/good/mnist/$images" log || wrong "the mirror was not asked: $(cat log)"
afresh
fetched mnist --mirror "file://$work/served"
same "$data/mnist/$images" "served/$images"
afresh
cp -r half "$FOVEA_HOME"
fetched mnist --mirror "file://$work/served"
same "$data/mnist/$images" "served/$images"

# The next mirror is used when one does not answer or has another file.
afresh
sed "s|mirrors = .*|mirrors = [\"http://127.0.0.1:1\", \"$url/none\", \"$url/wrong\", \"$url/good\"]|" served/catalog.toml >four.toml
"$fovea" data fetch --catalog four.toml mnist >out 2>err || wrong "four mirrors: $(cat err)"
same "$data/mnist/$images" "served/$images"

# There is no server, or no such file.
afresh
fetch_refused 1 'http://127.0.0.1:1' mnist --mirror http://127.0.0.1:1
nothing_left "no server"
fetch_refused 1 '404' mnist --mirror "$url/good/none"

# Ctrl-C keeps what has arrived.
afresh
"$fovea" data fetch --catalog served/catalog.toml mnist --mirror "$url/slow" >slow.out 2>slow.err &
fetching=$!
for _ in $(seq 100); do [[ -s $data/mnist/$images.part ]] && break; sleep 0.05; done
fetch_refused 1 'is being written by another process' mnist
kill -INT $fetching
wait $fetching; got=$?
((got == 130)) || wrong "stopped: exit status $got: $(cat slow.err)"
tail -1 slow.err | grep -q 'the same command goes on from there' || wrong "stopped: said $(cat slow.err)"
kept=$(wc -c <"$data/mnist/$images.part")
: >log
fetched mnist --mirror "$url/good"
grep -q "$images bytes=$kept-" log || wrong "after a stop: asked for $(cat log)"
same "$data/mnist/$images" "served/$images"

# On a full disk, what fits is kept.
afresh
(ulimit -f 64; "$fovea" data fetch --catalog served/catalog.toml mnist >out 2>err); got=$?
((got == 1)) || wrong "full: exit status $got: $(cat err)"
tail -1 err | grep -q "cannot write .*$images.part: File too large; 65536 of $size bytes are there" || wrong "full: said $(cat err)"
: >log
fetched mnist
grep -q "$images bytes=65536-" log || wrong "after a full disk: asked for $(cat log)"
same "$data/mnist/$images" "served/$images"
afresh
mkdir -p tiny
if unshare -rm mount -t tmpfs -o size=96k none tiny 2>/dev/null; then
  unshare -rm sh -c 'mount -t tmpfs -o size=96k none tiny && exec "$@"' sh \
    "$fovea" data fetch --catalog served/catalog.toml mnist --folder tiny >out 2>err && wrong "a tiny disk held everything"
  tail -1 err | grep -q "needs $size bytes more, but tiny/mnist has room for" || wrong "tiny disk: said $(cat err)"
fi

# Wrong requests are refused.
refused 2 'unknown data set to fetch "mnits"; did you mean "mnist"?' data fetch mnits
refused 1 'cannot read nothing.toml' data fetch mnist --catalog nothing.toml
for line in 'x = 1' '[a]' '[a]
mirrors = ["u"]
files = [{ name = "../f", bytes = 1, md5 = "0" }]' '[a]
mirors = ["u"]' '[a]
mirrors = ["u"]
files = [{ name = "f", bytes = 1, md5 = "zz" }]' '[a]
mirrors = ["u"]
files = [{ name = "f", bytes = 1 }]'; do
  printf '%s\n' "$line" >bad.toml
  refused 2 'bad.toml:' data fetch a --catalog bad.toml
done
"$fovea" data fetch >out || wrong "no list"
[[ $(cut -d' ' -f1 out | tr '\n' ' ') == "cifar10 cifar100 fashion-mnist imagenette imagenette-160 imagenette-320 mnist " ]] ||
  wrong "the list: $(cat out)"
finish
