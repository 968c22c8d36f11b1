#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small data sets as a server would have them, and their catalog: make_remote_data.py FOLDER BASE_URL

FOLDER gets IDX files of random digits, an archive of images in class folders, and archives that must not be unpacked;
FOLDER/catalog.toml lists them with addresses below BASE_URL.
"""
import gzip
import hashlib
import io
import os
import random
import struct
import sys
import tarfile
import zlib

folder, base = sys.argv[1:]
draw = random.Random(5)


def idx(count, side):
    pixels = bytes(draw.randrange(256) for _ in range(count * side * side))
    labels = bytes(i % 10 for i in range(count))
    return (struct.pack(">IIII", 2051, count, side, side) + pixels, struct.pack(">II", 2049, count) + labels)


def png(side):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(draw.randrange(256) for _ in range(3 * side)) for _ in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def archive(name, entries):
    with tarfile.open(os.path.join(folder, name), "w:gz") as tar:
        for path, content in entries:
            info = tarfile.TarInfo(path)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                tar.addfile(info)


def entry(name):
    with open(os.path.join(folder, name), "rb") as file:
        content = file.read()
    return f'{{ name = "{name}", bytes = {len(content)}, sha256 = "{hashlib.sha256(content).hexdigest()}" }}'


def dataset(name, files, unpack=""):
    lines = [f"[{name}]", f'title = "{name}, small"', f'mirrors = ["{base}"]', "files = ["]
    lines += [f"  {entry(file)}," for file in files] + ["]"]
    return "\n".join(lines + ([f'unpack = "{unpack}"'] if unpack else [])) + "\n\n"


numbers = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
for (images, labels), names in ((idx(200, 28), numbers[:2]), (idx(30, 28), numbers[2:])):
    for content, name in ((images, names[0]), (labels, names[1])):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(gzip.compress(content, mtime=0))
pictures = [(f"imagenette2/{split}/{name}/{i}.png", png(40)) for split in ("train", "val") for name in ("church", "tench")
            for i in range(4)]
archive("imagenette2.tgz", pictures + [("somewhere/else.txt", b"not asked for")])
archive("dots.tgz", pictures[:2] + [("imagenette2/../../escaped", b"out")])
archive("absolute.tgz", [("/tmp/fovea-escaped", b"out")])
archive("symlink.tgz", [("imagenette2/train", (tarfile.SYMTYPE, "/tmp")), ("imagenette2/train/escaped", b"out")])
archive("hardlink.tgz", [("imagenette2/a", (tarfile.LNKTYPE, "/etc/passwd"))])
archive("other.tgz", [("another/a", b"a")])
with open(os.path.join(folder, "imagenette2.tgz"), "rb") as file:
    content = file.read()
with open(os.path.join(folder, "damaged.tgz"), "wb") as file:
    file.write(content[:2 * len(content) // 3])

catalog = dataset("mnist", numbers) + dataset("imagenette", ["imagenette2.tgz"], "imagenette2")
for name in ("dots", "absolute", "symlink", "hardlink", "other", "damaged"):
    catalog += dataset(name, [name + ".tgz"], "imagenette2")
with open(os.path.join(folder, "catalog.toml"), "w") as file:
    file.write(catalog)
