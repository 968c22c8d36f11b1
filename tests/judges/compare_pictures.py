#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares how the library and programs for devices read every form of PNG, BMP, GIF, WebP and JPEG, which are written here.

compare_pictures.py DUMP_PICTURES DUMP_DEVICE_PICTURES. PNG, BMP and GIF must be equal to the last bit between the two and to what was
written; Pillow judges where its rules are the same. On hostile files, both readers must agree on the image, or on an error.
"""
import io
import itertools
import os
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    import numpy as np
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

RANDOM = np.random.default_rng(11)
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def over_black(color, alpha):
    return ((color.astype(int) * alpha.astype(int) + 127) // 255).astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(rows, step, kinds):
    """Rows of bytes, each preceded by the number of its filter; the filters alternate."""
    out, above = b"", None
    for row in rows:
        kind = next(kinds)
        above = above or bytes(len(row))
        left = lambda i: row[i - step] if i >= step else 0
        corner = lambda i: above[i - step] if i >= step else 0
        guess = {0: lambda i: 0, 1: left, 2: lambda i: above[i], 3: lambda i: (left(i) + above[i]) // 2,
                 4: lambda i: paeth(left(i), above[i], corner(i))}[kind]
        out += bytes([kind]) + bytes((row[i] - guess(i)) & 255 for i in range(len(row)))
        above = row
    return out


def packed_rows(samples, depth):
    """[height, width, samples] as rows of bytes."""
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            yield row.astype(">u2").tobytes()
        elif depth == 8:
            yield row.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:].reshape(-1)
            yield np.packbits(bits).tobytes()


def png(samples, depth, color, interlaced=False, before=b"", pieces=1, level=6):
    height, width, count = samples.shape
    step, kinds, raw = max(1, count * depth // 8), itertools.cycle([0, 1, 2, 3, 4, 4, 3]), b""
    for top, left, down, across in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[top::down, left::across]
        if part.size:
            raw += filtered(packed_rows(part, depth), step, kinds)
    data = zlib.compress(raw, level)
    size = -(-len(data) // pieces)
    body = b"".join(chunk(b"IDAT", data[i:i + size]) for i in range(0, len(data), size))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + body + chunk(b"IEND", b"")


def eight_bits(samples, depth):
    return (samples >> 8 if depth == 16 else samples * (255 // (2 ** depth - 1))).astype(np.uint8)


def extras():
    """Chunks that change no pixel."""
    return {"plain": b"", "linear": chunk(b"gAMA", struct.pack(">I", 100000)), "mac": chunk(b"gAMA", struct.pack(">I", 55556)),
            "srgb": chunk(b"sRGB", b"\0"), "profile": chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile")),
            "chrm": chunk(b"cHRM", struct.pack(">8I", *range(30000, 38000, 1000))), "background": chunk(b"bKGD", b"\0\7\0\7\0\7")}


def pngs():
    sizes = [(1, 1), (7, 9), (8, 8), (3, 33), (13, 2)]
    for (color, depths), interlaced, trns in itertools.product(
            {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items(), (False, True), (False, True)):
        for depth, (name, extra) in itertools.product(depths, extras().items()):
            if trns and color >= 4 or color == 3 and name == "background":
                continue
            for number, (height, width) in enumerate(sizes):
                samples = RANDOM.integers(0, 2 ** depth, (height, width, {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]))
                before, alpha = extra, np.full((height, width, 1), 255)
                if color == 3:
                    colors = RANDOM.integers(0, 256, (2 ** depth, 3)).astype(np.uint8)
                    before += chunk(b"PLTE", colors.tobytes())
                    opacity = np.full(2 ** depth, 255)
                    if trns:
                        opacity[:2 ** depth - 1] = RANDOM.integers(0, 256, 2 ** depth - 1)
                        before += chunk(b"tRNS", bytes(opacity[:2 ** depth - 1].tolist()))
                    pixels, alpha = colors[samples[..., 0]], opacity[samples]
                else:
                    if trns:  # the first pixel's color, wherever it occurs
                        key = samples[0, 0]
                        before += chunk(b"tRNS", struct.pack(f">{len(key)}H", *key.tolist()))
                        alpha = np.where((samples == key).all(-1, keepdims=True), 0, 255)
                    spread = eight_bits(samples, depth)
                    if color >= 4:
                        alpha, spread = spread[..., -1:], spread[..., :-1]
                    pixels = np.broadcast_to(spread, (height, width, 3))
                content = png(samples, depth, color, interlaced, before, 1 + number, (0, 1, 6, 9, 6)[number])
                yield f"{color}-{depth}-{interlaced:d}{trns:d}-{name}-{height}x{width}.png", content, over_black(pixels, alpha)


def bmp(rows, width, height, bits, header=40, method=0, masks=b"", palette=b"", top_first=False, colors=0):
    """rows: bytes of each row, from the top; padded here."""
    rows = [row + bytes(-len(row) % 4) for row in rows]
    body = b"".join(rows if top_first else rows[::-1]) if method not in (1, 2) else rows[0]
    if header == 12:
        information = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        information = struct.pack("<IiiHHIIiiII", header, width, -height if top_first else height, 1, bits, method, len(body), 2835, 2835, colors, 0)
        information += (masks + bytes(header))[:header - 40] if header > 40 else masks
    start = 14 + len(information) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + information + palette + body


def bmp_fields(pixels, masks, bits, alpha=None):
    value = np.zeros(pixels.shape[:2], np.uint32)
    for c, mask in enumerate(masks):
        if mask:
            low = (mask & -mask).bit_length() - 1
            most = mask >> low
            level = alpha if c == 3 else pixels[..., c]
            value |= (level.astype(np.uint32) * most // 255) << low
    decoded = [((value & mask) >> ((mask & -mask).bit_length() - 1)).astype(np.int64) * 255 // (mask >> ((mask & -mask).bit_length() - 1)) if mask else None
               for mask in masks]
    return [row.astype("<u2" if bits == 16 else "<u4").tobytes() for row in value], decoded


def runs(indices, bits):
    """Alternates encoded and literal runs, and jumps over the rest, which has color 0."""
    out = b""
    for row in indices[::-1]:
        at = 0
        while at < len(row):
            length = 1
            while at + length < len(row) and row[at + length] == row[at] and length < 255:
                length += 1
            if length >= 3 or len(row) - at < 3:
                out += bytes([length, row[at] if bits == 8 else row[at] * 17])
                at += length
                continue
            length = min(len(row) - at, 7)
            part = row[at:at + length].tolist()
            data = bytes(part) if bits == 8 else bytes((part + [0])[i] * 16 + (part + [0])[i + 1] for i in range(0, length, 2))
            out += bytes([0, length]) + data + bytes(len(data) % 2)
            at += length
        out += b"\0\0"
    return out + b"\0\1"


def bmps():
    for height, width in ((1, 1), (7, 9), (4, 32), (5, 3)):
        size = f"{height}x{width}"
        pixels = RANDOM.integers(0, 256, (height, width, 3)).astype(np.uint8)
        alpha = RANDOM.integers(0, 256, (height, width)).astype(np.uint8)
        bgr = [row[:, ::-1].tobytes() for row in pixels]
        for header, top in itertools.product((12, 40, 52, 56, 64, 108, 124), (False, True)):
            if not (top and header == 12):
                yield f"24-{header}-{top:d}-{size}.bmp", bmp(bgr, width, height, 24, header, top_first=top), pixels
        for bits, header in itertools.product((1, 4, 8), (12, 40, 108)):
            colors = RANDOM.integers(0, 256, (2 ** bits, 3)).astype(np.uint8)
            indices = RANDOM.integers(0, 2 ** bits, (height, width)).astype(np.uint8)
            entries = b"".join(bytes(color[::-1].tolist()) + (b"" if header == 12 else b"\0") for color in colors)
            rows = list(packed_rows(indices[..., None], bits))
            yield f"{bits}-{header}-{size}.bmp", bmp(rows, width, height, bits, header, palette=entries), colors[indices]
            if header == 40 and bits > 1:
                few = np.repeat(indices, 3, 1)[:, :width]
                few[:, width // 2:] = few[:, width // 2:width // 2 + 1]
                yield f"runs-{bits}-{size}.bmp", bmp([runs(few, bits)], width, height, bits, 40, 1 if bits == 8 else 2, palette=entries), colors[few]
        x1 = [np.dstack([pixels[..., ::-1], alpha])[y].tobytes() for y in range(height)]
        yield f"32-{size}.bmp", bmp(x1, width, height, 32), pixels  # the fourth byte has no meaning
        forms = [(16, 0, 40, (0x7c00, 0x3e0, 0x1f, 0)), (16, 3, 40, (0xf800, 0x7e0, 0x1f, 0)), (16, 3, 56, (0xf00, 0xf0, 0xf, 0xf000)),
                 (16, 3, 124, (0x7c00, 0x3e0, 0x1f, 0x8000)), (32, 3, 40, (0xff0000, 0xff00, 0xff, 0)), (32, 3, 124, (0xff0000, 0xff00, 0xff, 0xff000000)),
                 (32, 3, 108, (0xff, 0xff00, 0xff0000, 0xff000000)), (32, 3, 52, (0x3ff00000, 0xffc00, 0x3ff, 0)), (32, 6, 40, (0xff0000, 0xff00, 0xff, 0xff000000)),
                 (32, 3, 56, (0xff000000, 0xff0000, 0xff00, 0xff))]
        for (bits, method, header, masks), top in itertools.product(forms, (False, True)):
            rows, decoded = bmp_fields(pixels, masks, bits, alpha)
            text = struct.pack("<4I", *masks) if header >= 56 or method == 6 else struct.pack("<3I", *masks[:3])
            opaque = decoded[3] is None or not decoded[3].any()
            want = over_black(np.dstack(decoded[:3]), np.full((height, width, 1), 255) if opaque else decoded[3][..., None])
            content = bmp(rows, width, height, bits, header, method, text if method else b"", top_first=top)
            yield f"{bits}-{method}-{header}-{masks[0]:x}-{top:d}-{size}.bmp", content, want


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gifs():
    for height, width in ((1, 1), (2, 5), (9, 7), (64, 50), (200, 301)):
        pixels = RANDOM.integers(0, 256, (height, width, 3)).astype(np.uint8)
        for colors, interlace in itertools.product((2, 4, 16, 256), (0, 1)):
            image = Image.fromarray(pixels).quantize(min(colors, height * width + 1) if colors > 2 else 2)
            want = np.asarray(image.convert("RGB"))
            yield f"{colors}-{interlace}-{height}x{width}.gif", saved(image, "GIF", interlace=interlace), want
            indices = np.asarray(image)
            seen = saved(image, "GIF", interlace=interlace, transparency=0, optimize=False)
            yield f"{colors}-{interlace}-{height}x{width}-clear.gif", seen, np.where(indices[..., None] == 0, 0, want)
        # An image that does not fill its canvas, and one that exceeds it.
        image = Image.fromarray(pixels).quantize(8)
        for left, top, canvas_width, canvas_height in ((2, 3, width + 5, height + 4), (4, 1, width, height)):
            content = bytearray(saved(image, "GIF", interlace=1))
            at = content.index(b"\x2c\0\0\0\0" + struct.pack("<HH", width, height))
            content[6:10], content[at + 1:at + 5] = struct.pack("<HH", canvas_width, canvas_height), struct.pack("<HH", left, top)
            want = np.zeros((max(canvas_height, top + height), max(canvas_width, left + width), 3), np.uint8)
            want[top:top + height, left:left + width] = np.asarray(image.convert("RGB"))
            yield f"placed-{left}-{height}x{width}.gif", bytes(content), want
        moving = saved(Image.fromarray(pixels).quantize(8), "GIF", save_all=True, append_images=[Image.new("P", (width, height))])
        yield f"moving-{height}x{width}.gif", moving, np.asarray(Image.fromarray(pixels).quantize(8).convert("RGB"))


def exif_block(orientation, order, form=3, noise=b""):
    entries = [(0x10f, 2, 4, b"abc\0"), (0x112, form, 1, struct.pack(order + {1: "Bxxx", 3: "HH", 4: "I"}[form], *([orientation, 0] if form == 3 else [orientation])))]
    body = struct.pack(order + "H", len(entries)) + b"".join(struct.pack(order + "HHI", *e[:3]) + e[3] for e in entries) + bytes(4)
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(noise)) + noise + body


def turned():
    """Images that EXIF data rotates, and the expected pixels by Pillow."""
    pixels = RANDOM.integers(0, 256, (5, 3, 3)).astype(np.uint8)
    tall = np.kron(pixels, np.ones((8, 8, 1), np.uint8))
    for orientation, order, form in itertools.product(range(1, 9), "<>", (3, 4, 1)):
        block = exif_block(orientation, order, form, b"12345678")
        name = f"turned-{orientation}-{'little' if order == '<' else 'big'}-{form}"
        small = Image.fromarray(pixels)
        want = np.asarray(turn(small, orientation))
        yield name + ".png", png(pixels, 8, 2, before=chunk(b"eXIf", block)), want
        webp = saved(small, "WEBP", lossless=True, exact=True, exif=b"Exif\0\0" + block)
        yield name + ".webp", webp, want
        jpeg = saved(Image.fromarray(tall), "JPEG", quality=95, exif=b"Exif\0\0" + block)
        yield name + ".jpg", jpeg, np.asarray(turn(Image.open(io.BytesIO(jpeg)), orientation))


def turn(image, orientation):
    way = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE, 6: Image.ROTATE_270, 7: Image.TRANSVERSE, 8: Image.ROTATE_90}
    return image if orientation == 1 else image.transpose(way[orientation])


def odd_scan(jpeg):
    """A scan as some cameras write it: with meaningless numbers after the components of a sequential scan."""
    content = bytearray(jpeg)
    at = content.index(b"\xff\xda")
    numbers = at + 5 + 2 * content[at + 4]
    content[numbers:numbers + 3] = b"\0\0\x21"
    return bytes(content)


def without(jpeg, marker):
    at = jpeg.index(bytes([0xff, marker]))
    return jpeg[:at] + jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]:]


def jpegs():
    y, x = np.mgrid[0:61, 0:83]
    smooth = np.stack([60 + 2 * y, 30 + x + y // 2, 90 + (x * y) % 64], axis=2).astype(np.uint8)
    color, inks = Image.fromarray(smooth), Image.fromarray(smooth).convert("CMYK")
    for name, image, options in [("444", color, {"subsampling": 0}), ("422", color, {"subsampling": 1}), ("420", color, {"subsampling": 2}), ("411", color, {"subsampling": "4:1:1"}),
                                 ("progressive", color, {"progressive": True}), ("optimized", color, {"optimize": True}), ("gray", color.convert("L"), {}), ("inks", inks, {}),
                                 ("inks-progressive", inks, {"progressive": True}), ("profile", color, {"icc_profile": b"no profile" * 9}), ("comment", color, {"comment": b"words"})]:
        jpeg = saved(image, "JPEG", quality=90, **options)
        want = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))
        yield name + ".jpg", jpeg, want
        if "progressive" not in name:
            yield name + "-odd.jpg", odd_scan(jpeg), want
        yield name + "-more.jpg", jpeg + b"what follows the end does not matter", want
        if name == "inks":
            yield name + "-nobody.jpg", without(jpeg, 0xee), want


def webps():
    pixels = RANDOM.integers(0, 256, (9, 7, 4)).astype(np.uint8)
    image = Image.fromarray(pixels)
    yield "alpha.webp", saved(image, "WEBP", lossless=True, exact=True), over_black(pixels[..., :3], pixels[..., 3:])
    yield "plain.webp", saved(image.convert("RGB"), "WEBP", lossless=True), pixels[..., :3]
    moving = saved(image, "WEBP", lossless=True, exact=True, save_all=True, append_images=[Image.new("RGBA", (7, 9))])
    yield "moving.webp", moving, over_black(pixels[..., :3], pixels[..., 3:])


def refused():
    """Files that are no complete images, with the expected messages."""
    good = png(RANDOM.integers(0, 256, (9, 9, 3)), 8, 2)
    for cut in (len(good) - 1, len(good) - 12, len(good) - 20, 60, 40, 20, 9):
        yield f"cut-{cut}.png", good[:cut], "damaged PNG"
    for at in (20, 45, 60):
        yield f"changed-{at}.png", good[:at] + bytes([good[at] ^ 4]) + good[at + 1:], "damaged PNG"
    jpeg = saved(Image.fromarray(RANDOM.integers(0, 256, (40, 40, 3)).astype(np.uint8)), "JPEG")
    for cut in (len(jpeg) - 1, len(jpeg) - 2, len(jpeg) - 30, 400, 30):
        yield f"cut-{cut}.jpg", jpeg[:cut], "damaged JPEG"
    gif = saved(Image.fromarray(RANDOM.integers(0, 256, (40, 40, 3)).astype(np.uint8)), "GIF")
    for cut in (len(gif) - 20, 900, 100, 12):
        yield f"cut-{cut}.gif", gif[:cut], "damaged GIF"
    bitmap = saved(Image.fromarray(RANDOM.integers(0, 256, (4, 4, 3)).astype(np.uint8)), "BMP")
    for cut in (len(bitmap) - 1, 60, 30):
        yield f"cut-{cut}.bmp", bitmap[:cut], "damaged BMP"
    for name, start in [("HEIC", b"\0\0\0\x18ftypheic"), ("HEIC", b"\0\0\0\x18ftypmif1"), ("AVIF", b"\0\0\0\x18ftypavif"), ("TIFF", b"II*\0"), ("TIFF", b"MM\0*"),
                        ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n"), ("JPEG XL", b"\xff\x0a"), ("Photoshop", b"8BPS"), ("SVG", b"<svg "), ("PDF", b"%PDF-1.7")]:
        yield f"{name.replace(' ', '')}-{len(start)}", start + bytes(100), name


def hostile():
    """Valid images with randomly changed bytes; the checksums of PNG chunks are corrected."""
    seeds = [content for name, content, _ in itertools.chain(pngs(), bmps(), gifs(), turned()) if RANDOM.random() < 0.03]
    for number in range(1500):
        content = bytearray(seeds[number % len(seeds)])
        for at in RANDOM.integers(8, len(content), RANDOM.integers(1, 4)):
            content[at] = RANDOM.integers(0, 256)
        if content[1:4] == b"PNG":
            at = 8
            while at + 12 <= len(content):
                length = struct.unpack(">I", content[at:at + 4])[0]
                if length > len(content) - at - 12 or length > 1 << 20:
                    break
                content[at + 8 + length:at + 12 + length] = struct.pack(">I", zlib.crc32(content[at + 4:at + 8 + length]))
                at += 12 + length
        yield f"hostile-{number}", bytes(content), None


class Readers:
    def __init__(self, library, device):
        self.programs, self.folder = {"library": library, "device": device}, tempfile.TemporaryDirectory()

    def read(self, files, how):
        """{name: {reader: pixels or text}}"""
        paths = {}
        for number, (name, content) in enumerate(files):
            paths[name] = os.path.join(self.folder.name, f"{number}")
            with open(paths[name], "wb") as file:
                file.write(content)
        answers = {name: {} for name in paths}
        for reader, program in self.programs.items():
            done = subprocess.run([program, how, *paths.values()], capture_output=True, text=True, errors="replace")
            if done.returncode:
                print(f"{reader} ends with {done.returncode}: {done.stderr[-300:]}")
                sys.exit(1)
            said = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
            for name, path in paths.items():
                answer = f"{path}.{reader}"
                if not os.path.exists(answer):
                    answers[name][reader] = said.get(path, "nothing")
                    continue
                with open(answer, "rb") as file:
                    height, width = map(int, file.readline().split())
                    answers[name][reader] = np.frombuffer(file.read(), np.uint8).reshape(height, width, 3)
                os.remove(answer)
        return answers


def apart(a, b):
    return int(np.abs(a.astype(int) - b.astype(int)).max()) if not isinstance(a, str) and a.shape == b.shape else 256


def compare(readers, title, cases, wrong, device_levels=0, levels=0, how="exif"):
    cases = list(cases)
    answers = readers.read([case[:2] for case in cases], how)
    for name, _, want in cases:
        for reader, allowed in (("library", levels), ("device", device_levels)):
            if reader == "device" and name.endswith(".webp"):
                if "WebP" not in str(answers[name][reader]) and "does not read it" not in str(answers[name][reader]):
                    wrong.append(f"{name}: the device says {answers[name][reader]}")
                continue
            difference = apart(answers[name][reader], want)
            if difference > allowed:
                got = answers[name][reader]
                wrong.append(f"{name}: {reader} is {difference} apart" + (f": {got}" if isinstance(got, str) else ""))
    print(f"{len(cases)} {title}")


def main():
    readers, wrong = Readers(*sys.argv[1:3]), []
    compare(readers, "forms of PNG", pngs(), wrong)
    compare(readers, "forms of BMP", bmps(), wrong)
    compare(readers, "GIFs", gifs(), wrong)
    compare(readers, "WebPs", webps(), wrong)
    compare(readers, "JPEGs", jpegs(), wrong, device_levels=10)
    compare(readers, "turned photographs", turned(), wrong, device_levels=3)
    cases = [case for case in turned() if case[0].endswith(".png")]
    compare(readers, "turned and seen as they are stored", ((n, c, np.asarray(Image.open(io.BytesIO(c)).convert("RGB"))) for n, c, _ in cases), wrong, how="stored")
    cases = list(refused())
    for name, answer in readers.read([case[:2] for case in cases], "exif").items():
        want = next(case[2] for case in cases if case[0] == name)
        if not isinstance(answer["library"], str) or want not in answer["library"] or not isinstance(answer["device"], str):
            wrong.append(f"{name}: {answer}, wanted {want}")
    cases, pictures = list(hostile()), 0
    for name, answer in readers.read([case[:2] for case in cases], "exif").items():
        texts = [isinstance(answer[reader], str) for reader in ("library", "device")]
        jpeg = next(case[1] for case in cases if case[0] == name)[:2] == b"\xff\xd8"
        webp = next(case[1] for case in cases if case[0] == name)[:4] == b"RIFF"
        if not webp and not jpeg and (texts[0] != texts[1] or (not texts[0] and apart(answer["library"], answer["device"]) > 0)):
            wrong.append(f"{name}: {[a if isinstance(a, str) else a.shape for a in answer.values()]}")
        pictures += not texts[0]
    print(f"{len(cases)} hostile files, {pictures} of them pictures")
    for problem in wrong[:40]:
        print(problem)
    print(f"{len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
