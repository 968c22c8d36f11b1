#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every kernel of a network for NVIDIA's chips by ptxas, which must accept each and spill no register.

check_ptx.py FOVEA CHIP MODEL [ARGUMENTS...], where the arguments are those of `fovea lower`, such as --train. Prints the number of
kernels, the most registers of one, and the most bytes of shared memory. Exit status 77: ptxas is not installed.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

FIRST = ".version"  # the first line of each kernel's file


def ptxas():
    found = shutil.which("ptxas") or "/usr/local/cuda/bin/ptxas"
    return found if os.access(found, os.X_OK) else None


def kernels(text):
    starts = [match.start() for match in re.finditer(rf"^{re.escape(FIRST)}", text, re.MULTILINE)]
    return [text[start:end] for start, end in zip(starts, starts[1:] + [len(text)])]


def compile_one(compiler, chip, folder, number, text):
    path = os.path.join(folder, f"{number}.ptx")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    run = subprocess.run([compiler, f"-arch={chip}", "-v", "-o", "/dev/null", path], capture_output=True, text=True, check=False)
    os.unlink(path)
    if run.returncode != 0:
        return None, run.stderr
    numbers = [int(re.search(pattern, run.stderr).group(1)) if re.search(pattern, run.stderr) else 0
               for pattern in (r"(\d+) bytes spill stores", r"Used (\d+) registers", r"(\d+) bytes smem", r"(\d+) bytes stack frame")]
    return numbers, ""


def main(fovea, chip, model, *arguments):
    compiler = ptxas()
    if compiler is None:
        print("skipped: ptxas is not installed")
        return 77
    # The newest ptxas does not compile for the oldest chip whose PTX is written; a newer chip runs that PTX.
    known = subprocess.run([compiler, "--help"], capture_output=True, text=True, check=True).stdout
    real = chip if f"'{chip}'" in known else "sm_75"
    text = subprocess.run([fovea, "lower", model, "--device", "cuda", "--cpu", chip, "--stage", "ptx", *arguments],
                          capture_output=True, text=True, check=False)
    if text.returncode != 0:
        print(text.stderr.strip())
        return 1
    sources = kernels(text.stdout.replace("\0", ""))
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda item: compile_one(compiler, real, folder, *item), enumerate(sources)))
    refused = [said for numbers, said in results if numbers is None]
    accepted = [numbers for numbers, said in results if numbers is not None]
    spilled = sum(numbers[0] > 0 for numbers in accepted)
    if refused:
        print(refused[0].strip())
    print(f"{model} {' '.join(arguments)} {chip}: {len(sources)} kernels, {len(refused)} refused, {spilled} spill, at most "
          f"{max((numbers[1] for numbers in accepted), default=0)} registers, {max((numbers[2] for numbers in accepted), default=0)} bytes of "
          f"shared memory, {max((numbers[3] for numbers in accepted), default=0)} of stack")
    return 1 if refused or spilled or not sources else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
