#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the operations of fovea/data/image/color.h, geometry.h and resample.h with Pillow's, on images of odd sizes in color and gray.

compare_with_pillow.py DUMP_OPERATIONS. All must be equal, except that interpolated pixels may differ by one level.
"""
import math
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image, ImageEnhance, ImageOps
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

FILL = 128
RESAMPLE = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


def affine(image, matrix, resample):
    fill = FILL if image.mode == "L" else (FILL, FILL, FILL)
    return image.transform(image.size, Image.AFFINE, matrix, RESAMPLE[resample], fillcolor=fill)


def solarize_add(image, add):
    pixels = np.asarray(image).astype(int)
    return Image.fromarray(np.where(pixels < 128, np.minimum(pixels + int(add), 255), pixels).astype(np.uint8))


def hue(image, shift, _):
    """torchvision.transforms.functional.adjust_hue on a Pillow image."""
    if image.mode == "L":
        return image
    h, s, v = (np.asarray(band) for band in image.convert("HSV").split())
    h = h + np.uint8(int(shift * 255) % 256)
    return Image.merge("HSV", [Image.fromarray(band) for band in (h, s, v)]).convert("RGB")


def rotate(image, degrees, resample):
    return image.rotate(degrees, RESAMPLE[resample], fillcolor=FILL if image.mode == "L" else (FILL, FILL, FILL))


def resize(image, size, resample, part=False):
    width, height = image.size
    share = lambda of, side: math.floor(side * of * 4) / 4
    left, top = share(0.13, width), share(0.21, height)
    sides = (left, top, left + share(0.55, width) + 0.25, top + share(0.6, height) + 0.25)
    box = sides if part else (0, 0, width, height)
    return image.resize((size & 65535, size >> 16), RESAMPLE[resample], box=box)


OPERATIONS = {
    "autocontrast": lambda i, a, r: ImageOps.autocontrast(i),
    "equalize": lambda i, a, r: ImageOps.equalize(i),
    "invert": lambda i, a, r: ImageOps.invert(i),
    "posterize": lambda i, a, r: ImageOps.posterize(i, int(a)),
    "solarize": lambda i, a, r: ImageOps.solarize(i, int(a)),
    "solarize_add": lambda i, a, r: solarize_add(i, a),
    "color": lambda i, a, r: ImageEnhance.Color(i).enhance(a),
    "contrast": lambda i, a, r: ImageEnhance.Contrast(i).enhance(a),
    "brightness": lambda i, a, r: ImageEnhance.Brightness(i).enhance(a),
    "sharpness": lambda i, a, r: ImageEnhance.Sharpness(i).enhance(a),
    "hue": hue,
    "shear_x": lambda i, a, r: affine(i, (1, a, 0, 0, 1, 0), r),
    "shear_y": lambda i, a, r: affine(i, (1, 0, 0, a, 1, 0), r),
    "translate_x": lambda i, a, r: affine(i, (1, 0, a, 0, 1, 0), r),
    "translate_y": lambda i, a, r: affine(i, (1, 0, 0, 0, 1, a), r),
    "rotate": rotate,
    "resize": resize,
    "resize_part": lambda i, a, r: resize(i, a, r, True),
}


def requests():
    lines = [("autocontrast", 0), ("equalize", 0), ("invert", 0)]
    lines += [("posterize", bits) for bits in range(9)]
    lines += [("solarize", level) for level in (0, 1, 77, 128, 200, 255, 256)]
    lines += [("solarize_add", add) for add in (0, 11, 77, 110, 187)]
    factors = [0, 0.1, 0.46, 1, 1.3, 1.9, 3.16, 5.14]
    lines += [(name, factor) for name in ("color", "contrast", "brightness", "sharpness") for factor in factors]
    lines += [("hue", shift) for shift in (0, 0.05, -0.1, 0.33, -0.5, 0.5)]
    lines = [(*line, "nearest") for line in lines]
    for resample in RESAMPLE:
        lines += [(name, slope, resample) for name in ("shear_x", "shear_y") for slope in (0, 0.12, -0.3, 0.51, 0.99)]
        lines += [(name, step, resample) for name in ("translate_x", "translate_y") for step in (0, 3, -10, 14.5, -2.25, 400)]
        lines += [("rotate", angle, resample) for angle in (0, 15, -30, 24, 51, 90, -90, 180, 270, 84.5, 135)]
    for resample in ("bilinear", "bicubic"):
        sizes = [(1, 1), (7, 300), (64, 64), (53, 37), (224, 224), (5, 3), (112, 97)]
        lines += [(name, height << 16 | width, resample) for name in ("resize", "resize_part") for height, width in sizes]
    return lines


def pictures():
    """Noise, a smooth image with little contrast, and a single color, in odd sizes, of one pixel, and of one row."""
    random_numbers = np.random.default_rng(7)
    for height, width in ((37, 53), (64, 64), (1, 1), (1, 9), (3, 3), (224, 160)):
        yield random_numbers.integers(0, 256, (height, width, 3), dtype=np.uint8)
    y, x = np.mgrid[0:96, 0:81]
    yield np.stack([60 + y, 30 + x + y // 2, 90 + (x * y) % 7], axis=2).astype(np.uint8)
    yield np.full((20, 30, 3), (10, 200, 77), dtype=np.uint8)


def compare(program, pixels, channels, folder):
    path = os.path.join(folder, "picture.png")
    picture = Image.fromarray(pixels)
    picture.save(path)
    image = picture if channels == 3 else picture.convert("L")
    lines = requests()
    text = "".join(f"{name} {argument} {resample}\n" for name, argument, resample in lines)
    subprocess.run([program, path, str(channels), folder], input=text, text=True, check=True)
    wrong = []
    for number, (name, argument, resample) in enumerate(lines):
        ours = np.asarray(Image.open(os.path.join(folder, f"{number}.png"))).astype(int)
        theirs = np.asarray(OPERATIONS[name](image, argument, resample)).astype(int)
        apart = int(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else 256
        if apart > (0 if resample == "nearest" else 1):
            count = int((ours != theirs).sum()) if apart < 256 else -1
            wrong.append(f"{pixels.shape} {channels} channels: {name} {argument} {resample}: {count} values, up to {apart} apart")
    return len(lines), wrong


def main():
    compared, wrong = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for pixels in pictures():
            for channels in (3, 1):
                count, problems = compare(sys.argv[1], pixels, channels, folder)
                compared += count
                wrong += problems
    for problem in wrong:
        print(problem)
    print(f"{compared} pictures compared with Pillow {Image.__version__}, {len(wrong)} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
