#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares whole exported networks with LiteRT in a headless Chromium.

    compare_networks.py FOVEA RANDOM_WEIGHTS [NAME...]

FOVEA and RANDOM_WEIGHTS are the built programs; without names all networks below are compared. The error is the largest
difference of logits over the largest logit, and must be below 1e-4; the highest class must be the same. Google's own 8-bit
MobileNets, read and written again, and networks by our own quantizer (NAME-int8) must give all the scores in
LiteRT that they give here, on 100 inputs of noise. Exit status: 0 all agree, 1 something does not, 77 a judge is missing.
"""
import json
import os
import subprocess
import sys
import tempfile

from judge import need_litert, run_models, skip

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 1e-4
EXAMPLES, INTEGER_EXAMPLES = 2, 100
# Our name, and the image size (0: the network's own).
NETWORKS = [
    ("mnist-mlp", 0), ("mnist-cnn", 0), ("cifar-cnn", 0), ("resnet50", 64), ("efficientnet-b0", 64),
    ("efficientnet-edgetpu-s", 64), ("mobilenet-v1", 64), ("mobilenet-v2", 64), ("mobilenet-v3-large", 64), ("densenet121", 64),
    ("squeezenet-1.1", 64), ("shufflenet-v2-1.0", 64),
]
# These have half a gigabyte each and are compared only when they are named.
LARGE = [("vgg16", 224), ("vgg19", 224)]
SIDES = {"mnist-mlp": (28, 28, 1), "mnist-cnn": (28, 28, 1), "cifar-cnn": (32, 32, 3)}
FILES = [("mobilenet_v1_0.25_128_quant", 128)]
# Networks by our own quantizer: image size, channels, and calibration data ("": the images of the test data, or skipped).
QUANTIZED = [("mnist-cnn", 28, 1, "digits:600"), ("mobilenet-v2", 224, 3, "")]
LARGE_QUANTIZED = [("efficientnet-b0", 224, 3, ""), ("resnet50", 224, 3, ""), ("efficientnet-edgetpu-s", 224, 3, "")]


try:
    import numpy
except ImportError:
    skip("no numpy here (Debian: python3-numpy)")
need_litert()


def ours(fovea, *words):
    done = subprocess.run([fovea, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"fovea {' '.join(words)}: {done.stderr.strip()}")


def add_job(jobs, fovea, folder, name, source, images, form):
    """The network as a file, its inputs, and our answers."""
    path = f"{folder}/{name}"
    ours(fovea, "export", source, *form, "-o", f"{path}.tflite")
    numpy.save(f"{path}.x.npy", images)
    images.tofile(f"{path}.x.bin")
    ours(fovea, "run", source, *form, "--input", f"{path}.x.npy", "--output", f"{path}.y.npy")
    dtype = {"float32": "f32", "uint8": "u8"}[str(images.dtype)]
    jobs.append({"name": name, "model": f"{path}.tflite", "input": f"{path}.x.bin", "dtype": dtype,
                 "shape": images.shape, "output": f"{path}.y.bin", "ours": f"{path}.y.npy"})


def collect(fovea, random_weights, names, folder):
    jobs, random = [], numpy.random.default_rng(1)
    for name, side in NETWORKS + LARGE:
        if name not in (names or [network for network, _ in NETWORKS]):
            continue
        shape = SIDES.get(name, (side, side, 3))
        form = ["--weights", f"{folder}/{name}.safetensors"]
        given = [f"{side}x{side}x3"] if side not in (0, 224) else []
        subprocess.run([random_weights, name, form[1], *given], check=True, stdout=subprocess.DEVNULL)
        images = random.uniform(-1, 1, (EXAMPLES, *shape)).astype(numpy.float32)
        source = name
        if given:  # a network's own size is not an option of `run`; both read the file
            ours(fovea, "export", name, *form, "--input", given[0], "-o", f"{folder}/{name}.first.tflite")
            source, form = f"{folder}/{name}.first.tflite", []
        add_job(jobs, fovea, folder, name, source, images, form)
    data = os.environ.get("FOVEA_DATA", f"{HERE}/../../../../shared/data")
    for name, side in FILES:
        source = f"{data}/tflite/{name}.tflite"
        if (names and name not in names) or not os.path.exists(source):
            continue
        images = random.integers(0, 256, (INTEGER_EXAMPLES, side, side, 3), numpy.uint8)
        add_job(jobs, fovea, folder, name, source, images, [])
    for name, side, channels, calibration in QUANTIZED + LARGE_QUANTIZED:
        label = f"{name}-int8"
        if label not in (names or [f"{network}-int8" for network, *_ in QUANTIZED]):
            continue
        if not calibration and not os.path.isdir(f"{data}/ants-bees"):
            continue
        weights, file = f"{folder}/{label}.safetensors", f"{folder}/{label}.first.tflite"
        subprocess.run([random_weights, name, weights], check=True, stdout=subprocess.DEVNULL)
        ours(fovea, "quantize", name, "--weights", weights, "--calibrate", calibration or f"images:{data}/ants-bees",
             "--images", "16", "-o", file)
        images = random.integers(0, 256, (INTEGER_EXAMPLES, side, side, channels), numpy.uint8)
        add_job(jobs, fovea, folder, label, file, images, [])
    return jobs


def verdict(job):
    if not os.path.exists(job["output"]):
        return False, "LiteRT has no answer"
    given = numpy.load(job["ours"])
    theirs = numpy.fromfile(job["output"], dtype=given.dtype)
    if theirs.size != given.size:
        return False, f"{theirs.size} scores, ours are {given.size}"
    theirs = theirs.reshape(given.shape)
    if given.dtype == numpy.uint8:
        differing = int((theirs != given).sum())
        return differing == 0, f"{differing} of {given.size} scores differ, {given.shape[0]} inputs"
    error = float(numpy.abs(theirs - given).max() / numpy.abs(given).max())
    same = bool((theirs.argmax(-1) == given.argmax(-1)).all())
    return error < LIMIT and same, f"error {error:.1e}{'' if same else ', another class'}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        jobs = collect(sys.argv[1], sys.argv[2], sys.argv[3:], folder)
        with open(f"{folder}/jobs.json", "w", encoding="utf8") as file:
            json.dump(jobs, file)
        run_models(folder)
        good = True
        for job in jobs:
            agrees, text = verdict(job)
            good &= agrees
            print(f"{job['name']:28} {text}{'' if agrees else '  <-- disagrees'}")
    sys.exit(0 if good and jobs else 1)


main()
