#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# classify over folders and over frames of video from a pipe, in every form of answer; and the program for a device, which must
# say the same of the same frames.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
jpegs=$here/../../fuzz/corpus/picture
cd "$work" || exit 1
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
"$fovea" train mnist-mlp --data digits:600 --epochs 1 --batch 20 --threads 1 --out run >/dev/null 2>log || wrong "train: $(tail -1 log)"

# The pixels of two digits as PNGs, and those of one as frames of every kind.
python3 - <<'P'
import os, struct, zlib
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(name, gray):
    raw = b"".join(b"\0" + gray[28 * y:28 * y + 28] for y in range(28))
    header = struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
one = bytes(255 if 13 <= x <= 15 and 4 <= y <= 23 else 0 for y in range(28) for x in range(28))
bar = bytes(255 if 5 <= x <= 22 and 5 <= y <= 7 else 0 for y in range(28) for x in range(28))
os.makedirs("album/below")
for name, gray in (("album/a one.png", one), ('album/b, "bar".png', bar), ("album/below/c.png", one)): png(name, gray)
luma = bytes(16 + round(level * 219 / 255) for level in one)
colors = bytes(c for level in one for c in 3 * [level])
frames = {"gray": one, "gray8": one, "rgb24": colors, "bgr24": colors, "yuyv422": bytes(c for level in luma for c in (level, 128)),
          "nv12": luma + bytes([128]) * 392, "yuv420p": luma + bytes([128]) * 392}
for name, frame in frames.items(): open(name + ".raw", "wb").write(3 * frame)
P

# A folder: in order, whatever the number of threads; as CSV and as JSON lines.
for threads in 1 2 5; do
  "$fovea" classify run album --threads $threads --csv $threads.csv --json-lines $threads.jsonl >out 2>err || wrong "a folder: $(cat err)"
done
[[ ! -s out ]] || wrong "text beside files: $(cat out)"
grep -q '^3 pictures in ' err || wrong "no summary: $(cat err)"
cmp -s 1.csv 2.csv && cmp -s 1.csv 5.csv || wrong "threads make a difference: $(diff 1.csv 5.csv)"
python3 - <<'P' || wrong "the table: $(cat 1.csv)"
import csv, json, struct
single = lambda number: struct.pack("f", float(number))
rows, lines = list(csv.reader(open("1.csv"))), [json.loads(line) for line in open("1.jsonl")]
assert rows[0] == ["path", "class", "probability"] + [f"{key}_{i}" for i in range(2, 6) for key in ("class", "probability")], rows[0]
assert [row[0] for row in rows[1:]] == ["album/a one.png", 'album/b, "bar".png', "album/below/c.png"] == [line["image"] for line in lines]
for row, line in zip(rows[1:], lines):
    assert len(row) == 11 and row[1::2] == [guess["label"] for guess in line["predictions"]]
    assert all(single(cell) == single(guess["probability"]) for cell, guess in zip(row[2::2], line["predictions"]))
P
"$fovea" classify run album --csv - --top 1 >top.csv 2>/dev/null
python3 - <<'P' || wrong "--csv -: $(cat top.csv)"
import csv
assert list(csv.reader(open("top.csv"))) == [row[:3] for row in csv.reader(open("1.csv"))]
P
"$fovea" classify run album --threshold 1 --csv none.csv 2>/dev/null
grep -q '^album/below/c.png,,,,,,,,,,$' none.csv || wrong "hidden guesses: $(cat none.csv)"
"$fovea" classify run album --json >album.json 2>/dev/null && "$fovea" classify run "album/a one.png" --json >alone.json 2>/dev/null
[[ $(json album.json "j[0]['predictions']") == "$(json alone.json "j[0]['predictions']")" ]] || wrong "a folder changes the answers"
cp -r album spoilt; head -c 60 "album/a one.png" >spoilt/b.png; : >spoilt/empty.jpg
"$fovea" classify run spoilt --csv spoilt.csv 2>err && wrong "unreadable pictures are no success"
[[ $(grep -c 'spoilt/b.png\|spoilt/empty.jpg' err) == 2 && $(wc -l <spoilt.csv) == 4 ]] &&
  grep -q '2 of 5 pictures could not be read' err || wrong "unreadable: $(cat err)"
refused 2 'want standard output' classify run album --csv - --json
refused 1 'cannot write nowhere/a.csv' classify run "album/a one.png" --csv nowhere/a.csv

# A picture on standard input, and frames: every kind of pixels has the answer of the picture.
told() { sed 's/^frame [0-9]* //; s/ *([0-9.]* ms)//; s/^ *//' "$@"; }
"$fovea" classify run "album/a one.png" --top 1 2>/dev/null | tail -1 | told >wanted.txt
[[ $("$fovea" classify run - --top 1 2>/dev/null <"album/a one.png" | tail -1 | told) == "$(cat wanted.txt)" ]] || wrong "a picture on standard input"
refused 1 'standard input: the file is empty' classify run -
for format in gray gray8 rgb24 bgr24 yuyv422 nv12 yuv420p; do
  "$fovea" classify run - --frames $format:28x28 <$format.raw >out 2>err || wrong "$format: $(cat err)"
  [[ $(wc -l <out) == 3 && $(told out | sort -u) == "$(cat wanted.txt)" ]] || wrong "$format: $(cat out wanted.txt)"
  grep -q '^3 frames in .* frames/s, 3 answers$' err || wrong "$format: $(cat err)"
done
cat "$jpegs"/{baseline,gray,turned}.jpeg >stream.mjpeg
"$fovea" classify run - --frames mjpeg --json <stream.mjpeg >mjpeg.jsonl 2>err || wrong "mjpeg: $(cat err)"
"$fovea" classify run "$jpegs"/{baseline,gray,turned}.jpeg --orientation stored --json >jpegs.json 2>/dev/null || wrong "jpegs"
python3 - <<'P' || wrong "mjpeg: $(cat mjpeg.jsonl)"
import json
frames, pictures = [json.loads(line) for line in open("mjpeg.jsonl")], json.load(open("jpegs.json"))
assert [frame["frame"] for frame in frames] == [1, 2, 3]
assert [frame["predictions"] for frame in frames] == [picture["predictions"] for picture in pictures]
P
"$fovea" classify run - --frames mjpeg --every 2 --csv frames.csv <stream.mjpeg 2>/dev/null
[[ $(cut -d, -f1 frames.csv | xargs) == "frame 1 3" ]] || wrong "--every: $(cat frames.csv)"

# What is cut off is said; what is no video is refused.
cut_off() { cat stream.mjpeg; head -c 300 "$jpegs/baseline.jpeg"; }
cut_off | "$fovea" classify run - --frames mjpeg >out 2>err && wrong "cut off, and a success"
[[ $(wc -l <out) == 3 ]] && grep -q '^frame 4: cut off after 300 bytes$' err && grep -q '1 of 4 frames could not be read' err ||
  wrong "cut off: $(cat out err)"
head -c 2000 rgb24.raw | "$fovea" classify run - --frames rgb24:28x28 >out 2>err && wrong "cut off, and a success"
grep -q '^frame 1: cut off: 2000 of its 2352 bytes$' err || wrong "cut off: $(cat err)"
refused 1 'standard input holds no frame of mjpeg' classify run - --frames mjpeg
refused 2 'frames of "mjpg": wanted mjpeg, or pixels' classify run - --frames mjpg
refused 2 'frames of "rgb24"' classify run - --frames rgb24
refused 2 'each JPEG of a stream has its own size' classify run - --frames mjpeg:4x4
refused 2 'for video on standard input (-) or from a camera' classify run album --frames mjpeg
refused 2 'frames of what kind?' classify run - --every 2
refused 1 '/dev/null is no camera: it is another kind of device' classify run /dev/null

# A line comes with its frame, Ctrl-C ends it with a summary, and a reader that goes away without a word.
mkfifo pipe
"$fovea" classify run - --frames gray:28x28 <pipe >live 2>err & classifier=$!
exec 3>pipe; head -c 784 gray.raw >&3
for _ in {1..100}; do [[ -s live ]] && break; sleep 0.1; done
[[ $(wc -l <live) == 1 ]] || wrong "no line before the end: $(cat live err)"
kill -TERM $classifier; wait $classifier; got=$?
exec 3>&-
((got == 130)) && grep -q '^1 frames in ' err || wrong "interrupted: $got $(cat err)"
{ while cat gray.raw; do :; done 2>/dev/null; } | "$fovea" classify run - --frames gray:28x28 2>err | head -2 >out
[[ $(wc -l <out) == 2 && ! -s err ]] || wrong "a closed reader: $(cat out err)"

# The program for a device says the same.
command -v clang-19 >/dev/null || { finish; exit; }
"$fovea" compile run --target "$(uname -m)-linux-gnu" -o digit >/dev/null 2>log || wrong "compile: $(tail -1 log)"
for format in gray rgb24 bgr24 yuyv422 nv12 yuv420p; do
  ./digit - --frames $format:28x28 <$format.raw >out 2>err || wrong "program, $format: $(cat err)"
  [[ $(wc -l <out) == 3 && $(told out | sort -u) == "$(cat wanted.txt)" ]] || wrong "program, $format: $(cat out wanted.txt)"
done
./digit - --frames mjpeg --json --every 2 <stream.mjpeg >program.jsonl 2>err || wrong "program, mjpeg: $(cat err)"
grep -q '^3 frames in .* frames/s, 2 answers$' err || wrong "program: $(cat err)"
python3 - <<'P' || wrong "program, mjpeg: $(cat program.jsonl)"
import json
ours, theirs = [json.loads(line) for line in open("mjpeg.jsonl")][::2], [json.loads(line) for line in open("program.jsonl")]
assert [frame["frame"] for frame in theirs] == [1, 3] and list(ours[0]) == list(theirs[0])
for a, b in zip(ours, theirs):  # another decoder of JPEG, whose levels may differ a little
    of = {guess["index"]: guess["probability"] for guess in b["predictions"]}
    assert abs(a["predictions"][0]["probability"] - of[a["predictions"][0]["index"]]) < 0.05, (a, b)
P
# Cameras leave out the tables of codes that everybody knows.
python3 - "$jpegs/baseline.jpeg" <<'P'
import sys
content, at, kept = open(sys.argv[1], "rb").read(), 2, b"\xff\xd8"
while content[at + 1] != 0xda:
    end = at + 2 + int.from_bytes(content[at + 2:at + 4], "big")
    if content[at + 1] != 0xc4: kept += content[at:end]
    at = end
open("bare.mjpeg", "wb").write(kept + content[at:])
open("scan.jpeg", "wb").write(content[:at + 5] + b"M" + content[at + 6:])  # a scan of a component that there is not
P
for program in "$fovea classify run" ./digit; do
  $program - --frames mjpeg <bare.mjpeg 2>err | told >bare.txt
  $program - --frames mjpeg <"$jpegs/baseline.jpeg" 2>/dev/null | told >full.txt
  [[ -s full.txt ]] && cmp -s bare.txt full.txt || wrong "without tables, $program: $(cat err bare.txt full.txt)"
done
./digit scan.jpeg 2>err; (($? == 1)) && grep -q 'scan.jpeg: JPEG: the header of a scan is wrong' err || wrong "program, a wrong scan: $(cat err)"
cut_off | ./digit - --frames mjpeg >out 2>err; got=$?
((got == 1)) && [[ $(wc -l <out) == 3 ]] && grep -q '^digit: frame 4: cut off after 300 bytes$' err || wrong "program, cut off: $(cat out err)"
./digit - --frames mjpg </dev/null 2>err; (($? == 2)) && grep -q 'frames of "mjpg": wanted mjpeg, or pixels' err || wrong "program: $(cat err)"
./digit a.png --frames mjpeg 2>err; (($? == 2)) && grep -q 'standard input (-), not from "a.png"' err || wrong "program: $(cat err)"
[[ $(./digit - --top 1 <"album/a one.png" | tail -1 | told) == "$(cat wanted.txt)" ]] || wrong "program: a picture on standard input"
finish
