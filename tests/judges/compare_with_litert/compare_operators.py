#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares operators, one by one, with LiteRT in a headless Chromium: integers must be equal, floats within the tolerances of jobs.json.

    compare_operators.py INTEGER_OPERATORS [PART]

INTEGER_OPERATORS is the built program, PART a part of the names of those that are compared. Exit status: 0 all equal, 1 something differs, 77 a judge is missing.
"""
import json
import os
import subprocess
import sys
import tempfile

from judge import need_litert, run_models, skip

try:
    import numpy
except ImportError:
    skip("no numpy here (Debian: python3-numpy)")


def differing(job):
    if not os.path.exists(job["output"]):
        return "LiteRT has no answer"
    with open(job["output"], "rb") as theirs, open(job["ours"], "rb") as ours:
        a, b = theirs.read(), ours.read()
    if len(a) != len(b):
        return f"{len(b)} bytes, LiteRT's are {len(a)}"
    if job["within"]:
        a, b = numpy.frombuffer(a, numpy.float32), numpy.frombuffer(b, numpy.float32)
        error = abs(a - b).max() / abs(a).max()
        return "" if error <= job["within"] else f"error {error:.1e}"
    count = sum(x != y for x, y in zip(a, b))
    return f"{count} of {len(a)} bytes differ" if count else ""


def main():
    need_litert()
    with tempfile.TemporaryDirectory() as folder:
        refused = subprocess.run([sys.argv[1], folder, *sys.argv[2:]], check=False).returncode
        run_models(folder)
        with open(f"{folder}/jobs.json", encoding="utf8") as file:
            jobs = json.load(file)
        failures = 0
        for job in jobs:
            what = differing(job)
            if what:
                failures += 1
                print(f"{os.path.basename(job['model'])}: {what}")
        print(f"{len(jobs) - failures} of {len(jobs)} operators give LiteRT's integers")
    sys.exit(1 if failures or refused else 0)


main()
