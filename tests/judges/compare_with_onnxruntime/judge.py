# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime in Node.js, for the comparisons of this folder."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def skip(reason):
    print(f"{reason}; nothing was compared")
    sys.exit(77)


def need_onnxruntime():
    if not os.path.isdir(f"{HERE}/node_modules/onnxruntime-node"):
        skip("no onnxruntime-node here (npm install --ignore-scripts in tests/judges/compare_with_onnxruntime)")


def run_models(jobs, folder, **options):
    """Runs the jobs (run_models.js says what one is); the list is written to `folder`. `options` are those of subprocess.run."""
    path = f"{folder}/jobs.json"
    with open(path, "w", encoding="utf8") as file:
        json.dump(jobs, file)
    subprocess.run(["node", f"{HERE}/run_models.js", path], check=True, **options)
