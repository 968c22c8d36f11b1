# SPDX-License-Identifier: Apache-2.0
"""LiteRT in a headless Chromium, for the comparisons of this folder."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def skip(reason):
    print(f"{reason}; nothing was compared")
    sys.exit(77)


def need_litert():
    if not os.path.isdir(f"{HERE}/node_modules/@litertjs/core"):
        skip("no @litertjs/core here (npm install --ignore-scripts in tests/judges/compare_with_litert)")
    for program in ("node", "chromium"):
        if not shutil.which(program):
            skip(f"no {program} here")


def run_models(folder):
    """Runs the jobs of jobs.json in `folder` (run_models.mjs says what one is)."""
    subprocess.run(["node", f"{HERE}/run_models.mjs", f"{folder}/jobs.json"], check=False)
