#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hashes of what every network compiles to, which must be equal before and after a change that only moves code.

    code_hashes.py FOVEA [--against FILE] [--jobs N] [--quick] [NAME ...] > FILE

For each network of the registry, or those named, and each of five machines, a line with the SHA-256 of what `fovea lower` prints at
the stages `kernels` and `assembly`; for ten networks also of the training step, in f32 and, on a machine that multiplies bf16, in bf16.
--quick takes six small networks. With --against the lines are compared with an earlier run's, and those that differ are named.
Exit status: 0 written, or all equal; 1 some differ; 2 the program failed.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys

MACHINES = [("x86_64-linux-gnu", "znver4"), ("x86_64-linux-gnu", "haswell"), ("aarch64-linux-gnu", "cortex-a76"),
            ("armv7-linux-gnueabihf", "cortex-a7"), ("wasm32", "relaxed-simd")]
TRAINED = ["mnist-mlp", "mnist-cnn", "cifar-cnn", "lenet5", "resnet20", "resnet50", "vgg11-bn", "mobilenet-v2", "efficientnet-b0",
           "airbench94"]
QUICK = ["mnist-cnn", "cifar-cnn", "resnet20", "mobilenet-v2", "astronet", "squeezenet-1.1"]


def lowered(fovea, words):
    """The hash of what a stage prints. The environment is cleared, so that it does not depend on this machine."""
    done = subprocess.run([fovea, "lower", *words, "--threads", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        return None, f"fovea lower {' '.join(words)}: {done.stderr.decode(errors='replace').strip()}"
    return hashlib.sha256(done.stdout).hexdigest(), None


def jobs(names):
    for name in names:
        for triple, cpu in MACHINES:
            for stage in ("kernels", "assembly"):
                yield [name, "--target", triple, "--cpu", cpu, "--stage", stage]
                if name in TRAINED and cpu in ("znver4", "haswell"):
                    yield [name, "--train", "--batch", "8", "--target", triple, "--cpu", cpu, "--stage", stage]
                    if cpu == "znver4":
                        yield [name, "--train", "--batch", "8", "--dtype", "bf16", "--target", triple, "--cpu", cpu, "--stage", stage]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fovea")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--against")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_intermixed_args()
    names = arguments.names or (QUICK if arguments.quick else [])
    if not names:
        listed = subprocess.run([arguments.fovea, "models", "--json"], stdout=subprocess.PIPE, check=True)
        names = [model["name"] for model in json.loads(listed.stdout)]
    earlier = {}
    if arguments.against:
        with open(arguments.against, encoding="utf-8") as file:
            earlier = dict(reversed(line.rstrip("\n").split("  ", 1)) for line in file)
    differing = missing = compared = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        work = list(jobs(names))
        for words, (digest, error) in zip(work, pool.map(lambda words: lowered(arguments.fovea, words), work)):
            what = " ".join(words)
            if error:
                print(error, file=sys.stderr)
                return 2
            print(f"{digest}  {what}", flush=True)
            if not arguments.against:
                continue
            compared += 1
            if what not in earlier:
                missing += 1
                print(f"not in {arguments.against}: {what}", file=sys.stderr)
            elif earlier[what] != digest:
                differing += 1
                print(f"differs: {what}", file=sys.stderr)
    if arguments.against:
        print(f"{compared} compared, {differing} differ, {missing} are not in {arguments.against}", file=sys.stderr)
    return 1 if differing or missing else 0


if __name__ == "__main__":
    sys.exit(main())
