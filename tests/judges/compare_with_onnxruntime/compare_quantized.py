#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Quantized ONNX operators of random types, scales, zero points, shapes and windows, with ONNX Runtime as the judge, to the last bit.

    compare_quantized.py FOVEA [--models N] [--seed S]

Each model has one input and a result for every operator: in the form of QLinear operators and in that of QuantizeLinear and
DequantizeLinear. Where ONNX Runtime computes in integers, the results must be equal. Functions that it approximates (sigmoid, tanh) may
be off by one where the real number is on the border, and so may sums with one number for each channel, whose products it rounds first. Exit status: 0 all agree, 1 something does not, 77 a judge is missing.

On processors without VNNI, ONNX Runtime adds two products of u8 and i8 in 16 bits, which saturates: its answers for large weights are
wrong there. The weights of this test stay below 64, with which no pair of products reaches the limit.
"""
import argparse
import subprocess
import sys
import tempfile

from judge import need_onnxruntime, run_models, skip

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    skip(f"no {error.name} here (Debian: python3-onnx)")
need_onnxruntime()

with open("/proc/cpuinfo", encoding="utf-8") as file:
    CPU_FLAGS = file.read()
SATURATES = "avx2" in CPU_FLAGS and "avx512_vnni" not in CPU_FLAGS and "avx_vnni" not in CPU_FLAGS

TYPES = {np.dtype(np.uint8): TensorProto.UINT8, np.dtype(np.int8): TensorProto.INT8, np.dtype(np.int32): TensorProto.INT32,
         np.dtype(np.float32): TensorProto.FLOAT}


class Model:
    """One random model: its nodes, constants and results, and which results may differ by one."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.results, self.near, self.labels = [], [], {}, {}, {}
        r = self.random
        self.shape = [int(r.integers(1, 3)), int(r.choice([1, 2, 3, 4, 8, 16])), int(r.integers(3, 9)), int(r.integers(3, 9))]
        self.x = (r.standard_normal(self.shape) * r.choice([0.1, 1, 10])).astype(np.float32)

    def weights(self, dtype, shape):
        info = np.iinfo(dtype)
        drawn = self.random.integers(info.min, info.max + 1, shape).astype(dtype)
        return drawn // 2 if SATURATES and dtype == np.int8 else drawn

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, kind, inputs, outputs=1, domain="", **attributes):
        names = [f"{kind}{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names if outputs > 1 else names[0]

    def result(self, name, dtype, near=0.0, label=""):
        self.results[name] = TYPES[np.dtype(dtype)]
        self.labels[name] = label or name.rstrip("0123456789_")
        self.near[name] = near

    def type(self):
        return self.random.choice([np.uint8, np.int8])

    def scale(self, around=0.05):
        r = self.random
        nice = r.random() < 0.25
        return np.float32(2.0 ** r.integers(-7, -3)) if nice else np.float32(around * np.exp(r.normal() * 0.7))

    def zero(self, dtype):
        info = np.iinfo(dtype)
        return dtype(self.random.choice([0 if dtype == np.int8 else 128, info.min, info.max, int(self.random.integers(info.min, info.max + 1))]))

    def pair(self, dtype, around=0.05):
        return [self.constant(self.scale(around)), self.constant(self.zero(dtype))]

    def quantized(self, dtype, source="x"):
        spread = float(np.abs(self.x).max()) / 100 + 1e-3
        pair = self.pair(dtype, spread)
        return self.node("QuantizeLinear", [source, *pair]), pair

    def finish(self, form, kind, inputs, dtype, around, near=0.0, **attributes):
        """The operator in one of its two forms; `inputs`: (integers, [scale, zero point]) or a plain name."""
        # In ONNX Runtime, a softmax whose output cannot hold all probabilities or whose zero point is not the least wraps
        # around.
        softmax = kind == "Softmax"
        end = [self.constant(max(self.scale(around), np.float32(1 / 255)) if softmax else self.scale(around)),
               self.constant(dtype(np.iinfo(dtype).min) if softmax else self.zero(dtype))]
        if form == "qlinear":
            flat = [word for q in inputs for word in ([q[0], *q[1]] if isinstance(q, tuple) else [q])]
            own = kind in ("Conv", "MatMul")
            if kind == "Concat":
                y = self.node("QLinearConcat", [*end, *flat], domain="com.microsoft", **attributes)
            elif kind == "Conv":
                y = self.node("QLinearConv", [*flat[:6], *end, *flat[6:]], **attributes)
            else:
                if kind == "Softmax":
                    attributes["opset"] = 13
                y = self.node("QLinear" + kind, [*flat, *end], domain="" if own else "com.microsoft", **attributes)
        else:
            reals = []
            for at, q in enumerate(inputs):
                axis = {"axis": 0} if kind == "Conv" and at > 0 else {}
                reals.append(self.node("DequantizeLinear", [q[0], *q[1]], **axis) if isinstance(q, tuple) else q)
            y = self.node("QuantizeLinear", [self.node(kind, reals, **attributes), *end])
        self.result(y, dtype, near, f"{kind}, {form}")

    def conv(self, form):
        r, dtype = self.random, self.type()
        n, channels, height, width = self.shape
        groups = int(r.choice([1, 1, channels]))
        out = groups * int(r.integers(1, 5))
        size = [int(r.integers(1, min(4, height + 1))), int(r.integers(1, min(4, width + 1)))]
        wtype = self.type() if dtype == np.uint8 else np.int8
        w = self.weights(wtype, [out, channels // groups, *size])
        per_channel = wtype == np.int8 and r.random() < 0.5
        scale = np.array([self.scale(0.01) for _ in range(out)], np.float32) if per_channel else self.scale(0.01)
        zero = np.zeros(out, np.int8) if per_channel else (np.int8(0) if wtype == np.int8 else self.zero(np.uint8))
        q, pair = self.quantized(dtype)
        attributes = {"strides": [int(v) for v in r.integers(1, 3, 2)], "pads": [int(v) for v in r.integers(0, 2, 4)], "group": groups,
                      "kernel_shape": size}
        inputs = [(q, pair), (self.constant(w), [self.constant(scale), self.constant(zero)])]
        if r.random() < 0.7:
            bias = self.constant(r.integers(-2000, 2000, out).astype(np.int32))
            xs = numpy_helper.to_array(self.constants[int(pair[0][1:])])
            whole = self.constant((xs * scale).astype(np.float32))
            zeros = self.constant(np.zeros(np.shape(scale), np.int32))
            inputs.append(bias if form == "qlinear" else (bias, [whole, zeros]))
        self.finish(form, "Conv", inputs, dtype, 0.5, **attributes)

    def product(self, form):
        r, dtype = self.random, self.type()
        q, pair = self.quantized(dtype)
        k, units = self.shape[3], int(r.integers(1, 9))
        w = self.weights(np.int8, [k, units])
        self.finish(form, "MatMul", [(q, pair), (self.constant(w), [self.constant(self.scale(0.01)), self.constant(np.int8(0))])], dtype, 0.3)

    def pairwise(self, kind, form):
        dtype = self.type()
        a, b, near = self.quantized(dtype), self.quantized(dtype), 0.0
        if self.random.random() < 0.3:
            near = 1.0  # with one number for each channel a special kernel rounds its product before the sum
            b = (self.constant(self.random.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, [1, self.shape[1], 1, 1]).astype(dtype)),
                 self.pair(dtype))
        self.finish(form, kind, [a, b], dtype, float(np.abs(self.x).max()) / 60 + 1e-3, near)

    def single(self, kind, form, near=0.0, around=None, **attributes):
        dtype = self.type()
        q = self.quantized(dtype)
        self.finish(form, kind, [q], dtype, around or float(np.abs(self.x).max()) / 100 + 1e-3, near, **attributes)

    def average(self, form):
        r = self.random
        size = [int(r.integers(1, min(4, s + 1))) for s in self.shape[2:]]
        pads = [int(r.integers(0, 2)) if min(size) > 1 else 0 for _ in range(4)]
        self.single("AveragePool", form, kernel_shape=size, strides=[int(v) for v in r.integers(1, 3, 2)], pads=pads,
                    count_include_pad=int(r.integers(0, 2)))

    def concat(self, form):
        dtype = self.type()
        self.finish(form, "Concat", [self.quantized(dtype) for _ in range(int(self.random.integers(1, 4)))], dtype, 0.05, axis=1)

    def twice(self):
        """Another scale after an operator that keeps the first one, in a form that ONNX Runtime does not merge."""
        dtype = self.type()
        q, pair = self.quantized(dtype)
        self.result(q, dtype)
        self.result(self.node("QuantizeLinear", [self.node("DequantizeLinear", [q, *pair]), *self.pair(dtype)]), dtype)

    def integers(self):
        r, dtype = self.random, self.type()
        q, pair = self.quantized(dtype)
        channels = self.shape[1]
        wtype = self.type() if dtype == np.uint8 else np.int8
        w = self.weights(wtype, [3, channels, 2, 3])
        wz = [self.constant(self.zero(wtype))] if r.random() < 0.5 else []
        pads = [int(v) for v in r.integers(0, 2, 4)]
        self.result(self.node("ConvInteger", [q, self.constant(w), pair[1], *wz], pads=pads), np.int32)
        k = self.weights(wtype, [self.shape[3], 5])
        self.result(self.node("MatMulInteger", [q, self.constant(k), pair[1], *wz]), np.int32)
        dynamic, scale, zero = self.node("DynamicQuantizeLinear", ["x"], 3)
        self.result(dynamic, np.uint8)
        u = r.integers(0, 256, [3, channels, 2, 3]).astype(np.uint8)
        y = self.node("ConvInteger", [dynamic, self.constant(u), zero, self.constant(np.uint8(r.integers(0, 256)))], pads=pads)
        self.result(self.node("Mul", [self.node("Cast", [y], to=1), scale]), np.float32)
        self.result(self.node("MatMulInteger", [dynamic, self.constant(k), zero, *wz]), np.int32)

    def by_channel(self):
        dtype, channels = self.type(), self.shape[1]
        scales = self.constant(np.array([self.scale() for _ in range(channels)], np.float32))
        zeros = self.constant(np.array([self.zero(dtype) for _ in range(channels)], dtype))
        q = self.node("QuantizeLinear", ["x", scales, zeros], axis=1)
        self.result(q, dtype)
        self.result(self.node("DequantizeLinear", [q, scales, zeros], axis=1), np.float32)

    def build(self):
        for form in ("qlinear", "qdq"):
            self.conv(form)
            self.product(form)
            self.pairwise("Add", form)
            self.pairwise("Mul", form)
            self.single("GlobalAveragePool", form)
            self.average(form)
            self.concat(form)
            self.single("Sigmoid", form, near=0.01, around=0.004)
            self.single("LeakyRelu", form, alpha=float(self.random.uniform(0, 0.5)))
            self.single("Softmax", form, around=0.004, axis=int(self.random.choice([1, 3])))
        self.pairwise("Sub", "qdq")
        self.single("Relu", "qdq")
        self.single("Tanh", "qdq", near=0.01, around=0.008)
        self.twice()
        self.integers()
        self.by_channel()

    def save(self, path):
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)]
        outputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in self.results.items()]
        graph = helper.make_graph(self.nodes, "quantized", inputs, outputs, self.constants)
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def compare(model, name, ours, theirs):
    """What is wrong with a result, or ""."""
    if ours.ndim >= 3:
        ours = np.moveaxis(ours, -1, 1)
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return f"{ours.shape} {ours.dtype} instead of {theirs.shape} {theirs.dtype}"
    if theirs.dtype == np.float32:
        error = np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30)
        return "" if error < 1e-6 else f"{error:.1e} of the largest"
    steps = np.abs(ours.astype(np.int64) - theirs)
    if steps.max() == 0 or (steps.max() == 1 and (steps > 0).mean() <= model.near[name]):
        return ""
    return f"{(steps > 0).sum()} of {steps.size} differ, by up to {steps.max()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fovea")
    parser.add_argument("--models", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    compared = wrong = 0
    kinds = {}
    with tempfile.TemporaryDirectory() as folder:
        models, jobs = [], []
        for index in range(options.models):
            model = Model(options.seed + index)
            model.build()
            at = f"{folder}/{index}"
            model.save(f"{at}.onnx")
            np.save(f"{at}.x.npy", model.x)
            jobs.append({"model": f"{at}.onnx", "inputs": {"x": f"{at}.x.npy"}, "outputs": [f"{at}.{n}.npy" for n in model.results]})
            models.append((at, model))
        run_models(jobs, folder)
        for index, (at, model) in enumerate(models):
            np.save(f"{at}.ours.npy", np.ascontiguousarray(np.moveaxis(model.x, 1, -1)))
            words = [w for n in model.results for w in ("--output", f"{n}={at}.{n}.ours.npy")]
            done = subprocess.run([options.fovea, "run", f"{at}.onnx", "--input", f"{at}.ours.npy", *words], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                print(f"model {options.seed + index}: {done.stderr.strip()}")
                wrong += 1
                continue
            for name in model.results:
                compared += 1
                kind = model.labels[name]
                says = compare(model, name, np.load(f"{at}.{name}.ours.npy"), np.load(f"{at}.{name}.npy"))
                right, all_ = kinds.get(kind, (0, 0))
                kinds[kind] = (right + (not says), all_ + 1)
                if says:
                    wrong += 1
                    print(f"DIFFERENT: model {options.seed + index} {model.shape}, {name} ({kind}): {says}")
    for kind, (right, all_) in sorted(kinds.items()):
        print(f"{kind}: {right} of {all_}")
    print(f"seed {options.seed}: {compared} results of {options.models} models compared, {wrong} wrong")
    sys.exit(1 if wrong else 0)


main()
