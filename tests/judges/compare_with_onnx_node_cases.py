#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs ONNX's own node cases through the reader: compare_with_onnx_node_cases.py NODE_CASES [--all] [NAME...]

NODE_CASES is the built program tests/judges/node_cases. onnx.backend.test.case.node of Debian's python3-onnx has a model, inputs and
results for each form of each operator; those of operators that convolutional networks use are run (EXCLUDED says which are not, and
why). A case is right (results equal within ONNX's own tolerance), refused (one line, grouped below by operator) or wrong. Inputs that
files have as constants - shapes, axes, bounds, weights' scales - are constants here as well (KNOWN).

Exit status: 0 none is wrong and at least RIGHT are right, 1 otherwise, 77 python3-onnx is missing.
"""
import collections
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
RIGHT = 610
RTOL, ATOL = 1e-3, 1e-6  # ONNX's own are 1e-3 and 1e-7, for f64; here everything is computed in f32

EXCLUDED = {
    "training": "Adagrad Adam Momentum NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss",
    "recurrence and loops": "GRU LSTM RNN Loop Scan",
    "sequences and optional values": "SequenceInsert SequenceMap OptionalGetElement OptionalHasElement SequenceEmpty",
    "text": "StringNormalizer TfIdfVectorizer",
    "random numbers": "Bernoulli RandomNormalLike RandomUniformLike",
    "signals": "DFT STFT BlackmanWindow HammingWindow HannWindow MelWeightMatrix",
    "results whose size is that of the data": "NonZero Unique NonMaxSuppression",
    "bits": "BitShift",
    "geometry of other networks": "Det GridSample RoiAlign MaxUnpool ReverseSequence Scatter ScatterElements",
}

# The inputs of an operator that are constants in a network's file.
KNOWN = {
    "Clip": [1, 2], "Compress": [1], "ConstantOfShape": [0], "ConvInteger": [1, 2, 3], "CumSum": [1], "DequantizeLinear": [1, 2],
    "Dropout": [1, 2], "Expand": [1], "If": [0], "MatMulInteger": [1, 2, 3], "OneHot": [1, 2], "Pad": [1, 2, 3],
    "QLinearConv": [1, 2, 3, 4, 5, 6, 7, 8], "QLinearMatMul": [1, 2, 3, 4, 5, 6, 7], "QuantizeLinear": [1, 2], "Range": [0, 1, 2],
    "ReduceSum": [1], "Reshape": [1], "Resize": [1, 2, 3], "ScatterND": [1], "Slice": [1, 2, 3, 4], "Split": [1], "Squeeze": [1], "Tile": [1],
    "TopK": [1], "Trilu": [1], "Unsqueeze": [1], "Upsample": [1],
}


def skip(reason):
    print(f"{reason}; nothing was compared")
    sys.exit(77)


try:
    import numpy
    for name, kind in {"float": float, "int": int, "bool": bool, "object": object}.items():
        if not hasattr(numpy, name):
            setattr(numpy, name, kind)  # the cases use names that NumPy has since removed
    import onnx
    from onnx import TensorProto, numpy_helper
    from onnx.backend.test.case.node import collect_testcases
except ImportError as error:
    skip(f"no {error.name} here (Debian: python3-onnx)")


def excluded(case):
    """Why a case is not run, or ""."""
    operators = {node.op_type for node in case.model.graph.node}
    whole = {base_operator(case)} | operators
    for reason, names in EXCLUDED.items():
        if whole & set(names.split()):
            return reason
    inputs, outputs = case.data_sets[0]
    if any(isinstance(array, (list, type(None))) for array in [*inputs, *outputs]):
        return "sequences and optional values"
    if any(numpy.asarray(array).dtype == object or numpy.asarray(array).dtype.kind in "US" for array in [*inputs, *outputs]):
        return "text"
    return ""


SIBLINGS = {}


def base_operator(case):
    """The operator that a case is about; for a case with an expanded body, that of its sibling."""
    name = case.name[: -len("_expanded")] if case.name.endswith("_expanded") else case.name
    sibling = SIBLINGS.get(name)
    return sibling.model.graph.node[0].op_type if sibling is not None else case.model.graph.node[0].op_type


def prepare(case, folder):
    """Writes model and inputs; inputs that files have as constants become tensors of the model."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = max(opset.version, 7)  # an older operator is the same in opset 7
    sibling = SIBLINGS[case.name[: -len("_expanded")]] if case.name.endswith("_expanded") else case
    node = sibling.model.graph.node[0]
    constants = {node.input[i] for i in KNOWN.get(node.op_type, []) if i < len(node.input)}
    graph, ports = model.graph, list(model.graph.input)
    del graph.input[:]
    index = 0
    for port, array in zip(ports, case.data_sets[0][0]):
        array = numpy.asarray(array)
        kind = port.type.tensor_type.elem_type
        if port.name in constants:
            tensor = TensorProto()
            tensor.CopyFrom(numpy_helper.from_array(array, port.name))
            graph.initializer.append(tensor)
            continue
        graph.input.append(port)
        if kind == TensorProto.BFLOAT16:
            array = from_bfloat(array)
        elif array.dtype.kind in "fb":
            array = array.astype(numpy.float32)
        numpy.save(f"{folder}/input_{index}.npy", numpy.ascontiguousarray(array).reshape(array.shape))
        index += 1
    onnx.save(model, f"{folder}/model.onnx")


def from_bfloat(array):
    return (array.astype(numpy.uint32) << 16).view(numpy.float32)


def nearest_bfloat(array):
    bits = array.view(numpy.uint32).astype(numpy.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(numpy.uint32).view(numpy.float32)
    return numpy.where(numpy.isnan(array), array, rounded)


def compare(case, folder):
    """"" where every result is right, else what is wrong."""
    for index, (port, wanted) in enumerate(zip(case.model.graph.output, case.data_sets[0][1])):
        wanted, kind = numpy.asarray(wanted), port.type.tensor_type.elem_type
        got = numpy.load(f"{folder}/output_{index}.npy")
        exact = base_operator(case) in ("Cast", "CastLike") and kind in (TensorProto.FLOAT16, TensorProto.BFLOAT16)
        if kind == TensorProto.BFLOAT16:
            # The cases truncate the bits, while a cast rounds with halves to even.
            wanted = nearest_bfloat(numpy.asarray(case.data_sets[0][0][0], dtype=numpy.float32)) if exact else from_bfloat(wanted)
        if got.shape != wanted.shape:
            return f"result {index} has the shape {got.shape}, not {wanted.shape}"
        got, wanted = got.astype(numpy.float64), wanted.astype(numpy.float64)
        if not numpy.allclose(got, wanted, rtol=0 if exact else RTOL, atol=0 if exact else ATOL, equal_nan=True):
            at = numpy.unravel_index(numpy.argmax(~numpy.isclose(got, wanted, rtol=RTOL, atol=ATOL, equal_nan=True)), got.shape)
            return f"result {index} at {tuple(int(i) for i in at)} is {got[at]}, not {wanted[at]}"
    return ""


def run(program, folders, timeout=600):
    """The program's line for each folder; a folder that ends the program is wrong, and the rest are run again."""
    said = {}
    while len(said) < len(folders):
        rest = [folder for folder in folders if folder not in said]
        with tempfile.NamedTemporaryFile("w", suffix=".list") as file:
            file.write("".join(f"{folder}\n" for folder in rest))
            file.flush()
            done = subprocess.run([program, file.name], capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
        for line in done.stdout.splitlines():
            folder, state, *text = line.split("\t")
            if folder in rest:
                said[folder] = (state, text[0] if text else "")
        unsaid = [folder for folder in rest if folder not in said]
        if unsaid:
            said[unsaid[0]] = ("wrong", f"the program ended with status {done.returncode}: {done.stderr.strip()[-200:]}")
    return said


INTERNAL = ("kernel @", "schedule", "std::", "does not parse", "cannot be parsed", "internal")


def main():
    program, everything, names = sys.argv[1], "--all" in sys.argv, [word for word in sys.argv[2:] if word != "--all"]
    numpy.random.seed(0)
    cases = list({case.name: case for case in collect_testcases(None)}.values())
    SIBLINGS.update({case.name: case for case in cases})
    left_out = collections.Counter(excluded(case) for case in cases)
    chosen = [case for case in cases if not excluded(case) and (not names or any(name in case.name for name in names))]
    counts, reasons, wrong, by_operator = collections.Counter(), collections.defaultdict(list), [], collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as root:
        folders = {}
        for case in chosen:
            folder = f"{root}/{case.name}"
            os.mkdir(folder)
            prepare(case, folder)
            folders[folder] = case
        for folder, (state, text) in run(program, list(folders)).items():
            case = folders[folder]
            if state == "ran":
                text = compare(case, folder)
                state = "wrong" if text else "right"
            elif any(word in text for word in INTERNAL):
                state = "wrong"
            counts[state] += 1
            by_operator[base_operator(case)][state] += 1
            if state == "refused":
                reasons[base_operator(case)].append((case.name, text.replace(f"{folder}/model.onnx", "model.onnx")))
            if state == "wrong":
                wrong.append(f"{case.name}: {text}")
    print(f"{len(cases)} cases, {len(chosen)} of a convolutional network's operators; left out: " +
          ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()) if reason))
    for operator, cases_of in sorted(reasons.items()):
        print(f"refused {operator} ({len(cases_of)}): {cases_of[0][1]}")
        if everything:
            for name, text in cases_of:
                print(f"    {name}: {text}")
    for line in wrong:
        print(f"WRONG {line}")
    print(f"{counts['right']} right, {counts['refused']} refused, {counts['wrong']} wrong")
    sys.exit(1 if counts["wrong"] or (not names and counts["right"] < RIGHT) else 0)


main()
