#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random networks as ONNX files (tests/random_graphs): onnx.checker must accept them, and ONNX Runtime must answer like the interpreter.

    compare_graphs.py GRAPHS [RUNS] [SEED]

GRAPHS is the built program tests/random_graphs/graphs. Exit status: 0 all agree, 1 something does not, 77 a judge is missing.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

from judge import need_onnxruntime, run_models, skip

try:
    import numpy
    import onnx
except ImportError as error:
    skip(f"no {error.name} here (Debian: python3-onnx)")
need_onnxruntime()


def file_inputs(names, model, folder):
    """The inputs with the file's order of dimensions; None when two orders have the same shape and cannot be distinguished."""
    paths = {}
    for port in onnx.load(model).graph.input:
        shape = tuple(d.dim_value for d in port.type.tensor_type.shape.dim)
        own = numpy.load(names[port.name])
        moved = numpy.moveaxis(own, -1, 1) if own.ndim > 2 else own
        if own.ndim == 3 and own.shape == shape and moved.shape == shape:
            return None
        paths[port.name] = f"{folder}/{os.path.basename(names[port.name])}.file.npy"
        numpy.save(paths[port.name], numpy.ascontiguousarray(moved if moved.shape == shape else own))
    return paths


def compare(entry, job):
    """What is wrong, in words."""
    if os.path.exists(job["refusal"]):
        with open(job["refusal"]) as file:
            return file.read()
    for result, path in zip(entry["results"], job["outputs"]):
        wanted, moves = numpy.load(result["values"]), numpy.load(result["moves"])
        given = numpy.load(path).astype(numpy.float64)
        given = numpy.moveaxis(given, 1, -1) if given.ndim > 2 else given
        if given.shape != wanted.shape:
            return f"{result['name']} is {given.shape} instead of {wanted.shape}"
        if wanted.size == 0 or moves.max() > 0.05 * numpy.abs(wanted).max():
            continue  # it depends on the last bit
        off = numpy.abs(given - wanted) - (16 * moves + moves.max() + 1e-5 * numpy.abs(wanted).max() + 1e-30)
        if not (off <= 0).all():
            return f"{result['name']} {wanted.shape}: {given.flat[off.argmax()]} instead of {wanted.flat[off.argmax()]}"
    return ""


def main():
    runs, seed = (sys.argv[2:] + ["200", "1"][len(sys.argv[2:]):])[:2]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], "--runs", runs, "--seed", seed, "--export", folder], check=True)
        entries, jobs, failures = [], [], 0
        for path in sorted(glob.glob(f"{folder}/*.json")):
            with open(path) as file:
                entry = json.load(file)
            entry["seed"] = os.path.basename(path)[:-5]
            try:
                onnx.checker.check_model(entry["model"], full_check=True)
            except Exception as error:  # the checker has several exceptions
                failures += 1
                print(f"DIFFERENT: seed {entry['seed']}: the checker refuses it: {str(error)[:300]}")
                continue
            inputs = file_inputs(entry["inputs"], entry["model"], folder)
            if inputs is None:
                continue
            values = {result["name"]: result for result in entry["results"]}
            entry["results"] = [values[port.name] for port in onnx.load(entry["model"]).graph.output]  # in the file's order
            entries.append(entry)
            jobs.append({"model": entry["model"], "inputs": inputs, "refusal": f"{path}.refusal",
                         "outputs": [result["values"] + ".theirs.npy" for result in entry["results"]]})
        run_models(jobs, folder)
        for entry, job in zip(entries, jobs):
            words = compare(entry, job)
            failures += words != ""
            if words:
                print(f"DIFFERENT: seed {entry['seed']}: {words[:300]}")
        print(f"{len(jobs)} random networks in ONNX Runtime, {failures} differ")
    sys.exit(1 if failures or not jobs else 0)


main()
