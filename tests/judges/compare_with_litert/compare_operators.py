#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares operators, one by one, with LiteRT in a headless Chromium: integers must be equal, floats within the tolerances of jobs.json.

    compare_operators.py INTEGER_OPERATORS

INTEGER_OPERATORS is the built program. Exit status: 0 all equal, 1 something differs, 77 a judge is missing.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def skip(reason):
    print(f"{reason}; nothing was compared")
    sys.exit(77)


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
    if not os.path.isdir(f"{HERE}/node_modules/@litertjs/core"):
        skip("no @litertjs/core here (npm install --ignore-scripts in tests/judges/compare_with_litert)")
    for program in ("node", "chromium"):
        if not shutil.which(program):
            skip(f"no {program} here")
    with tempfile.TemporaryDirectory() as folder:
        refused = subprocess.run([sys.argv[1], folder], check=False).returncode
        subprocess.run(["node", f"{HERE}/run_models.mjs", f"{folder}/jobs.json"], check=False)
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
