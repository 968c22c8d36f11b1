#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Forms of operators in every opset, with ONNX Runtime as judge: compare_forms.py NODE_CASES [COUNT [SEED]]

NODE_CASES is the built program tests/judges/node_cases. COUNT models (400) of one node are drawn at random: operators in the old and
new forms of opsets 7 to 22, with attributes, shapes and axes that networks have, and odd ones. Models that ONNX Runtime runs must give
the same answer, within 1e-4 of the largest number, or be refused in one line; models that it refuses do not count. The seed is printed.

Exit status: 0 none differs and nine of ten are answered, 1 otherwise, 77 a judge is missing.
"""
import collections
import os
import random
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


class Form:
    """One node: its operator, attributes, data and constants; `outputs` is how many results are compared."""

    def __init__(self, kind, opset, data, constants=(), outputs=1, dtype=None, **attributes):
        self.kind, self.opset, self.outputs, self.dtype = kind, opset, outputs, dtype
        self.data, self.constants = list(data), list(constants)
        self.attributes = {name: value for name, value in attributes.items() if value is not None}

    def text(self):
        shapes = " ".join("x".join(map(str, d.shape)) or "scalar" for d in self.data)
        known = " ".join(str(c.tolist()) if c is not None and c.size < 9 else "-" if c is None else "x".join(map(str, c.shape)) for c in self.constants)
        return f"{self.kind} {self.opset} [{shapes}] ({known}) {self.attributes}"

    def save(self, path):
        inputs, tensors = [f"x{i}" for i in range(len(self.data))], []
        for i, constant in enumerate(self.constants):
            inputs.append("" if constant is None else f"c{i}")
            if constant is not None:
                tensors.append(numpy_helper.from_array(np.asarray(constant), f"c{i}"))
        while inputs and not inputs[-1]:
            inputs.pop()
        kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64, np.dtype(np.int32): TensorProto.INT32}
        ports = [helper.make_tensor_value_info(f"x{i}", kinds[d.dtype], d.shape) for i, d in enumerate(self.data)]
        outputs = [f"y{i}" for i in range(self.outputs)]
        # Results have no type here, because ONNX Runtime infers it.
        results = [onnx.ValueInfoProto(name=name) for name in outputs]
        for result, kind in zip(results, self.dtype or [TensorProto.FLOAT] * self.outputs):
            result.type.tensor_type.elem_type = kind
        node = helper.make_node(self.kind, inputs, outputs, **self.attributes)
        graph = helper.make_graph([node], "form", ports, results, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        with open(path, "wb") as file:
            file.write(model.SerializeToString())


class Draw:
    def __init__(self, seed):
        self.r, self.n = random.Random(seed), np.random.default_rng(seed)

    def data(self, *shape, low=-3, high=3):
        return self.n.uniform(low, high, shape).astype(np.float32)

    def whole(self, *shape, low=-5, high=6, dtype=np.int64):
        return self.n.integers(low, high, shape).astype(dtype)

    def shape(self, low=1, high=4, most=6):
        return [self.r.randint(1, most) for _ in range(self.r.randint(low, high))]

    def axis(self, rank):
        return self.r.randint(-rank, rank - 1)

    def axes(self, rank, signed=True):
        chosen = self.r.sample(range(rank), self.r.randint(1, rank))
        return [a - rank if signed and self.r.random() < 0.3 else a for a in chosen]

    def any(self, *values):
        return self.r.choice(values)

    def maybe(self, value, share=0.5):
        return value if self.r.random() < share else None


def ints(values):
    return np.asarray(values, dtype=np.int64)


def clip(d):
    opset, x = d.any(7, 10, 11, 12, 13), d.data(*d.shape())
    if opset < 11:
        return Form("Clip", opset, [x], min=d.maybe(-1.0), max=d.maybe(2.0))
    return Form("Clip", opset, [x], [d.maybe(np.float32(-1)), d.maybe(np.float32(1.5))])


def pad(d):
    opset, shape = d.any(7, 10, 11, 13, 18, 19), d.shape(1, 4)
    mode = d.any("constant", "edge", "reflect", *(["wrap"] if opset >= 19 else []))
    top = 3 if mode == "constant" else 1 if mode == "edge" else 0
    least = -1 if mode == "constant" and d.r.random() < 0.3 and min(shape) > 2 else 0
    axes = d.axes(len(shape), False) if opset >= 18 and d.r.random() < 0.5 else list(range(len(shape)))
    limit = lambda a: max(top, min(shape[a] - 1, 3) if mode != "constant" else top)
    pads = [d.r.randint(least, limit(a)) for _ in (0, 1) for a in axes]
    x = d.data(*shape)
    if opset < 11:
        return Form("Pad", opset, [x], pads=pads, mode=mode, value=d.maybe(1.5))
    constants = [ints(pads), d.maybe(np.float32(0.5)) if mode == "constant" else None]
    if opset >= 18 and axes != list(range(len(shape))):
        constants.append(ints(axes))
    return Form("Pad", opset, [x], constants, mode=mode)


def slices(d):
    opset, shape = d.any(7, 9, 10, 11, 13), d.shape(1, 4, 9)
    axes = d.axes(len(shape), opset >= 10)
    starts, ends, steps = [], [], []
    for a in axes:
        step = d.any(1, 1, 2, 3, -1, -2) if opset >= 10 else 1
        begin = d.r.randint(0, shape[a] - 1)
        end = d.any(d.r.randint(begin + 1, shape[a]), 1 << 40) if step > 0 else d.any(d.r.randint(0, begin) - 1 - shape[a], -(1 << 40))
        begin = d.any(begin, begin - shape[a])
        starts.append(begin), ends.append(end), steps.append(step)
    if opset < 10:
        return Form("Slice", opset, [d.data(*shape)], starts=starts, ends=[min(e, 1 << 30) for e in ends], axes=d.maybe(axes, 0.9))
    return Form("Slice", opset, [d.data(*shape)], [ints(starts), ints(ends), ints(axes), ints(steps)])


def split(d):
    opset, shape = d.any(7, 11, 13, 18), d.shape(1, 4, 4)
    axis = d.axis(len(shape))
    parts = [d.r.randint(1, 4) for _ in range(d.r.randint(2, 3))]
    shape[axis] = sum(parts)
    if opset == 18 and d.r.random() < 0.5:
        return Form("Split", opset, [d.data(*shape)], outputs=len(parts), axis=axis, num_outputs=len(parts))
    if opset < 13:
        return Form("Split", opset, [d.data(*shape)], outputs=len(parts), axis=axis % len(shape), split=parts)
    return Form("Split", opset, [d.data(*shape)], [ints(parts)], outputs=len(parts), axis=axis)


def squeeze(d):
    opset, shape = d.any(7, 11, 13), d.shape(2, 4)
    axes = d.axes(len(shape), opset >= 11)[: len(shape) - 1]
    if d.r.random() < 0.5:
        for a in axes:
            shape[a] = 1
        return Form("Squeeze", opset, [d.data(*shape)], [ints(axes)] if opset >= 13 else [], axes=None if opset >= 13 else axes)
    axes = sorted(a % len(shape) for a in axes)
    return Form("Unsqueeze", opset, [d.data(*shape)], [ints(axes)] if opset >= 13 else [], axes=None if opset >= 13 else axes)


def reduction(d):
    kind = d.any("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")
    opset, shape = d.any(7, 11, 12, 13, 18), d.shape(1, 4)
    axes, keep = d.maybe(d.axes(len(shape), opset >= 11), 0.8), d.any(0, 1)
    x = d.data(*shape, low=0.2 if kind == "LogSum" else -2, high=2)
    as_input = opset >= 18 or (kind == "Sum" and opset >= 13)
    noop = d.maybe(d.any(0, 1), 0.3) if as_input and axes is None and kind in ("Mean", "Sum", "Max", "Min", "Prod") else None
    return Form("Reduce" + kind, opset, [x], [ints(axes)] if as_input and axes else [], axes=None if as_input else axes, keepdims=keep,
                noop_with_empty_axes=noop)


def softmax(d):
    opset, shape = d.any(7, 11, 12, 13), d.shape(1, 4)
    rank = len(shape)
    axis = d.maybe(d.r.randint(0 if opset < 11 else -rank, rank - 1), 0.8 if rank > 1 else 1)
    return Form(d.any("Softmax", "LogSoftmax", "Hardmax"), opset, [d.data(*shape)], axis=axis)


def batch_norm(d):
    opset, shape = d.any(7, 9, 14, 15), d.shape(2, 5, 5)
    c = shape[1]
    known = [d.data(c), d.data(c), d.data(c), d.data(c, low=0.1)]
    return Form("BatchNormalization", opset, [d.data(*shape)], known, epsilon=d.maybe(0.01), momentum=d.maybe(0.8), spatial=d.maybe(1) if opset < 9 else None)


def dropout(d):
    opset = d.any(7, 10, 12, 13)
    x = d.data(*d.shape())
    if opset < 12:
        return Form("Dropout", opset, [x], ratio=d.maybe(0.3))
    return Form("Dropout", opset, [x], [d.maybe(np.float32(0.3)), d.maybe(np.bool_(False))])


def upsample(d):
    opset, kind = d.any((7, "Upsample"), (9, "Upsample"), (10, "Resize"))
    mode = d.any("nearest", "linear")
    shape = [d.r.randint(1, 2), d.r.randint(1, 3), d.r.randint(1, 7), d.r.randint(1, 7)]
    small = 0.4 if kind == "Resize" else 1.0
    scales = [1.0, 1.0, d.any(1.0, 2.0, 3.0, d.r.uniform(small, 3)), d.any(1.0, 2.0, d.r.uniform(small, 3))]
    # At equal sizes ONNX Runtime copies, whatever the scales are.
    if min(int(n * s) for n, s in zip(shape, scales)) < 1 or [int(n * s) for n, s in zip(shape, scales)] == shape:
        scales = [1.0, 1.0, 2.0, 2.0]
    scales = np.asarray(scales, np.float32)
    if opset == 7:
        return Form(kind, opset, [d.data(*shape)], mode=mode, scales=[float(s) for s in scales])
    return Form(kind, opset, [d.data(*shape)], [scales], mode=mode)


def resize(d):
    opset, mode = d.any(11, 13, 18, 19), d.any("nearest", "nearest", "linear", "linear", "cubic")
    place = d.any("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", *(["half_pixel_symmetric"] if opset >= 19 else []),
                  *(["tf_crop_and_resize"] if mode != "cubic" else []), *(["tf_half_pixel_for_nn"] if opset == 11 and mode == "nearest" else []))
    spatial = d.any(1, 2, 2, 2, 3) if mode != "cubic" else 2
    shape = [d.r.randint(1, 2), d.r.randint(1, 3)] + [d.r.randint(1, 8) for _ in range(spatial)]
    if mode == "cubic":
        shape[2:] = [d.r.randint(2, 8) for _ in range(spatial)]
    rank = len(shape)
    # At equal sizes ONNX Runtime ignores the region.
    sizes = shape[:2] + [d.any(*(size for size in range(1, 13) if place != "tf_crop_and_resize" or size != n)) for n in shape[2:]]
    attributes = {"mode": mode, "coordinate_transformation_mode": place}
    if mode == "nearest":
        attributes["nearest_mode"] = d.any("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
        if place == "half_pixel_symmetric":
            sizes[2:] = [2 * n for n in shape[2:]]  # other sizes have ties in the last bit
    if mode == "cubic":
        attributes["cubic_coeff_a"] = d.any(-0.75, -0.5)
        attributes["exclude_outside"] = d.any(0, 1)
    roi = None
    if place == "tf_crop_and_resize":
        low = [0.0] * 2 + [d.any(0.0, 0.25, -0.1) for _ in range(spatial)]
        high = [1.0] * 2 + [d.any(1.0, 0.8, 1.2) for _ in range(spatial)]
        roi, attributes["extrapolation_value"] = np.asarray(low + high, np.float32), d.any(0.0, 7.0)
    axes = None
    if opset >= 18:
        if mode in ("linear", "cubic") and place != "tf_crop_and_resize" and spatial == 2 and d.r.random() < 0.4:
            attributes["antialias"] = 1
        if roi is None and d.r.random() < 0.4:
            axes = list(range(2, rank))
            attributes["axes"] = axes
        if d.r.random() < 0.3 and roi is None:
            attributes["keep_aspect_ratio_policy"] = d.any("stretch", "not_larger", "not_smaller")
            axes = list(range(2, rank))
            attributes["axes"] = axes
    if "keep_aspect_ratio_policy" not in attributes and place not in ("half_pixel_symmetric", "tf_crop_and_resize") and d.r.random() < 0.4:
        scales = [1.0, 1.0] + [d.any(2.0, 0.5, 3.0, d.r.uniform(0.5, 3)) for _ in range(spatial)]
        if min(int(np.float32(n) * np.float32(s)) for n, s in zip(shape, scales)) >= 1:
            return Form("Resize", opset, [d.data(*shape)], [roi, np.asarray(scales[2:] if axes else scales, np.float32)], **attributes)
    return Form("Resize", opset, [d.data(*shape)], [roi, None, ints(sizes[2:] if axes else sizes)], **attributes)


def window(d, opset, spatial, ceil, dilates):
    kernel = [d.r.randint(1, 4) for _ in range(spatial)]
    attributes = {"kernel_shape": kernel, "strides": d.maybe([d.r.randint(1, 3) for _ in range(spatial)])}
    if d.r.random() < 0.2:
        attributes["auto_pad"] = d.any("SAME_UPPER", "SAME_LOWER", "VALID")
    else:
        attributes["pads"] = d.maybe([d.r.randint(0, k - 1) for _ in (0, 1) for k in kernel], 0.6)
    if ceil:
        attributes["ceil_mode"] = d.maybe(1)
    if dilates and "auto_pad" not in attributes:
        attributes["dilations"] = d.maybe([d.r.randint(1, 2) for _ in range(spatial)])
    return attributes


def pool(d):
    kind = d.any("AveragePool", "AveragePool", "MaxPool", "LpPool")
    spatial = d.any(1, 2, 2, 3)
    opset = {"AveragePool": d.any(7, 10, 11, 19, 22), "MaxPool": d.any(8, 10, 12), "LpPool": d.any(7, 11, 18)}[kind]
    ceil = opset >= (18 if kind == "LpPool" else 10)
    dilates = {"AveragePool": opset >= 19, "MaxPool": opset >= 10, "LpPool": opset >= 18}[kind]
    attributes = window(d, opset, spatial, ceil, dilates)
    if kind == "AveragePool":
        attributes["count_include_pad"] = d.maybe(1)
    if kind == "LpPool":
        attributes["p"] = d.maybe(d.any(1, 2, 3))
    return Form(kind, opset, [d.data(d.r.randint(1, 2), d.r.randint(1, 3), *[d.r.randint(4, 9) for _ in range(spatial)])], **attributes)


def global_pool(d):
    shape = d.shape(3, 5)
    return Form(d.any("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), d.any(7, 13), [d.data(*shape)])


def conv_transpose(d):
    spatial, group = d.any(1, 2), d.any(1, 1, 2)
    cin, cout = group * d.r.randint(1, 3), d.r.randint(2, 3)
    kernel, strides = [d.r.randint(2, 3) for _ in range(spatial)], [d.r.randint(1, 2) for _ in range(spatial)]
    shape = [1, cin] + [d.r.randint(2, 5) for _ in range(spatial)]
    attributes = {"strides": strides, "group": group}
    if d.r.random() < 0.4:
        attributes["auto_pad"] = d.any("SAME_UPPER", "SAME_LOWER")
    elif d.r.random() < 0.5:
        attributes["output_shape"] = [s * (n - 1) + k - d.r.randint(0, 1) for s, n, k in zip(strides, shape[2:], kernel)]
    else:
        attributes["pads"] = [d.r.randint(0, 1) for _ in range(2 * spatial)]
    return Form("ConvTranspose", d.any(7, 11), [d.data(*shape)], [d.data(cin, cout, *kernel)], **attributes)


def top_k(d):
    opset, shape = d.any(9, 10, 11), d.shape(1, 4, 9)
    axis = d.axis(len(shape))
    k = d.r.randint(1, shape[axis])
    outputs, dtype = 2, [TensorProto.FLOAT, TensorProto.INT64]
    if opset == 9:
        return Form("TopK", opset, [d.data(*shape)], outputs=outputs, dtype=dtype, axis=axis % len(shape), k=k)
    return Form("TopK", opset, [d.data(*shape)], [ints([k])], outputs=outputs, dtype=dtype, axis=axis, largest=d.maybe(0) if opset > 10 else None)


def gather(d):
    opset, shape = d.any(7, 11, 13), d.shape(1, 4)
    axis = d.axis(len(shape))
    kind = d.any("Gather", "Gather", "GatherElements", "GatherND") if opset >= 11 else "Gather"
    least = -1 if opset >= 11 else 0
    draw = lambda extent, *places: d.n.integers(extent * least, extent, places).astype(np.int64)
    if kind == "Gather":
        indices = draw(shape[axis], *d.shape(0, 2, 4))
    elif kind == "GatherElements":
        places = list(shape)
        places[axis] = d.r.randint(1, 4)
        indices = draw(shape[axis], *places)
    else:
        depth, rows = d.r.randint(1, len(shape)), d.shape(1, 2, 4)
        indices = np.stack([draw(shape[i], *rows) for i in range(depth)], axis=-1)
        axis = None
    x = d.data(*shape)
    return Form(kind, opset, [x, indices], axis=axis) if d.r.random() < 0.5 else Form(kind, opset, [x], [indices], axis=axis)


def norm(d):
    kind, shape = d.any("LayerNormalization", "InstanceNormalization", "GroupNormalization", "LRN", "MeanVarianceNormalization"), d.shape(3, 4, 6)
    if kind == "LayerNormalization":
        axis = d.axis(len(shape))
        rest = shape[axis % len(shape):]
        return Form(kind, 17, [d.data(*shape)], [d.data(*rest), d.maybe(d.data(*rest))], axis=axis, epsilon=d.maybe(0.1))
    if kind == "InstanceNormalization":
        return Form(kind, 7, [d.data(*shape)], [d.data(shape[1]), d.data(shape[1])])
    if kind == "GroupNormalization":
        groups, each, opset = d.r.randint(1, 3), d.r.randint(1, 3), d.any(18, 21)
        shape[1] = groups * each
        count = groups if opset == 18 else shape[1]
        return Form(kind, opset, [d.data(*shape)], [d.data(count), d.data(count)], num_groups=groups)
    if kind == "LRN":
        return Form(kind, d.any(7, 13), [d.data(*d.shape(4, 4))], size=d.any(1, 3, 5), alpha=d.maybe(0.02), beta=d.maybe(0.5), bias=d.maybe(2.0))
    return Form(kind, d.any(9, 13), [d.data(*d.shape(4, 4, 5))], axes=d.maybe([0, 1, 2, 3]))


def activation(d):
    x = d.data(*d.shape())
    kind, opset, low = d.any(
        ("Softplus", 7, 0), ("Softsign", 7, 0), ("Selu", 7, 0), ("Elu", 7, 0), ("Celu", 12, 0), ("Mish", 18, 0), ("Gelu", 20, 0), ("HardSigmoid", 7, 0),
        ("HardSwish", 14, 0), ("ThresholdedRelu", 10, 0), ("Shrink", 9, 0), ("Sign", 9, 0), ("Floor", 7, 0), ("Ceil", 7, 0), ("Round", 11, 0), ("Erf", 9, 0),
        ("Sin", 7, 0), ("Cos", 7, 0), ("Atan", 7, 0), ("Sinh", 9, 0), ("Cosh", 9, 0), ("Asinh", 9, 0), ("Reciprocal", 7, 0), ("Exp", 7, 0), ("Neg", 7, 0), ("Abs", 7, 0))
    extra = {}
    if kind in ("Selu", "Elu", "Celu", "ThresholdedRelu", "HardSigmoid") and d.r.random() < 0.5:
        extra["alpha"] = 0.7
    if kind == "Gelu":
        extra["approximate"] = d.any("none", "tanh")
    if kind == "Shrink":
        extra.update(lambd=1.0, bias=d.any(0.0, 0.5))
    return Form(kind, opset, [x], **extra)


def binary(d):
    shape = d.shape(1, 4)
    other = [n if d.r.random() < 0.7 else 1 for n in shape][d.r.randint(0, len(shape) - 1):]
    kind = d.any("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod", "PRelu", "Equal", "Less", "Greater", "LessOrEqual")
    opset = {"Mod": 10, "LessOrEqual": 12, "Max": d.any(8, 13), "Min": d.any(8, 13), "Equal": 11, "Less": 9, "Greater": 9}.get(kind, d.any(7, 13))
    whole = (kind in ("Mod", "Equal") or (kind in ("Add", "Sub", "Mul", "Div") and d.r.random() < 0.3))
    if kind == "Pow":
        exponent = d.any(np.float32(3), np.float32(-1), np.int64(3), np.int32(2), d.data(*other)) if opset == 13 else np.float32(3)
        x = d.data(*shape, low=0.3) if getattr(exponent, "shape", ()) else d.data(*shape)
        return Form(kind, 12 if opset == 13 else 7, [x], [np.asarray(exponent)])
    a, b = (d.whole(*shape), d.whole(*other)) if whole else (d.data(*shape), d.data(*other))
    if kind in ("Mod", "Div") and whole:
        b = np.where(b == 0, 2, b)
    truth = kind in ("Equal", "Less", "Greater", "LessOrEqual")
    dtype = [TensorProto.BOOL if truth else TensorProto.INT64 if whole else TensorProto.FLOAT]
    fmod = d.maybe(1) if kind == "Mod" else None
    if d.r.random() < 0.5 or kind == "PRelu":
        return Form(kind, opset, [a], [b], dtype=dtype, fmod=fmod)
    return Form(kind, opset, [a, b], dtype=dtype, fmod=fmod)


def product(d):
    kind = d.any("MatMul", "MatMul", "Gemm", "Einsum")
    if kind == "Gemm":
        m, k, n, ta, tb = d.r.randint(1, 5), d.r.randint(1, 5), d.r.randint(1, 5), d.any(0, 1), d.any(0, 1)
        a, b = d.data(*([k, m] if ta else [m, k])), d.data(*([n, k] if tb else [k, n]))
        bias = d.any(d.data(n), d.data(1, n), d.data(m, n), d.data(m, 1), d.data(1), *([None] if True else []))
        opset = d.any(7, 9, 11, 13)
        if bias is None and opset < 11:
            bias = d.data(n)
        constants = [b, bias] if d.r.random() < 0.6 else None
        attributes = dict(transA=ta, transB=tb, alpha=d.maybe(0.5), beta=d.maybe(d.any(0.25, 2.0)))
        return Form(kind, opset, [a], constants, **attributes) if constants else Form(kind, opset, [a, b], [bias], **attributes)
    if kind == "Einsum":
        equation, left, right = d.any(("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("bhid,bhjd->bhij", (1, 2, 3, 4), (1, 2, 5, 4)), ("...ij,...jk", (2, 3, 4), (2, 4, 2)),
                                      ("ij,j->i", (3, 4), (4,)), ("i,i", (5,), (5,)), ("ij,kl->jl", (3, 4), (2, 5)), ("ij->ji", (3, 4), None), ("ijk->k", (2, 3, 4), None))
        data = [d.data(*left)] + ([d.data(*right)] if right else [])
        return Form(kind, 12, data, equation=equation)
    stack = d.shape(0, 2, 3)
    other = [n if d.r.random() < 0.6 else 1 for n in stack][d.r.randint(0, len(stack)):]
    m, k, n = d.r.randint(1, 4), d.r.randint(1, 4), d.r.randint(1, 4)
    a, b = d.any((d.data(*stack, m, k), d.data(*other, k, n)), (d.data(k), d.data(*stack, k, n)), (d.data(*stack, m, k), d.data(k)))
    return Form(kind, d.any(7, 9, 13), [a, b]) if d.r.random() < 0.5 else Form(kind, d.any(7, 9, 13), [a], [b])


def moves(d):
    kind = d.any("Tile", "CumSum", "OneHot", "Trilu", "DepthToSpace", "SpaceToDepth", "Expand", "Transpose", "Flatten", "Where", "ArgMax", "ArgMin", "Concat")
    shape = d.shape(1, 4)
    if kind == "Tile":
        return Form(kind, d.any(7, 13), [d.data(*shape)], [ints([d.r.randint(1, 3) for _ in shape])])
    if kind == "CumSum":
        return Form(kind, 11, [d.data(*shape)], [np.asarray(d.axis(len(shape)), np.int64)], exclusive=d.maybe(1), reverse=d.maybe(1))
    if kind == "OneHot":
        return Form(kind, 11, [d.whole(*d.shape(1, 3), low=-4, high=5)], [np.asarray(4, np.int64), np.asarray([0.5, 2], np.float32)], axis=d.maybe(d.any(0, -1)))
    if kind == "Trilu":
        return Form(kind, 14, [d.data(*d.shape(2, 3))], [d.maybe(np.asarray(d.r.randint(-3, 3), np.int64))], upper=d.maybe(0))
    if kind == "DepthToSpace":
        return Form(kind, 11, [d.data(2, 8, d.r.randint(1, 3), d.r.randint(1, 3))], blocksize=2, mode=d.maybe(d.any("DCR", "CRD")))
    if kind == "SpaceToDepth":
        return Form(kind, 7, [d.data(2, 3, 4, 6)], blocksize=2)
    if kind == "Expand":
        narrow = [n if d.r.random() < 0.5 else 1 for n in shape]
        return Form(kind, 8, [d.data(*narrow)], [ints(([2] if d.r.random() < 0.3 else []) + shape)])
    if kind == "Transpose":
        return Form(kind, 7, [d.data(*shape)], perm=d.maybe(d.r.sample(range(len(shape)), len(shape)), 0.8))
    if kind == "Flatten":
        return Form(kind, d.any(7, 11), [d.data(*shape)], axis=d.maybe(d.r.randint(0, len(shape))))
    if kind == "Where":
        return Form(kind, 9, [d.data(*shape)], [], dtype=None) if False else Form("Max", 8, [d.data(*shape), d.data(*shape[-1:])])
    if kind == "Concat":
        axis, parts = d.axis(len(shape)), []
        for _ in range(d.r.randint(1, 3)):
            part = list(shape)
            part[axis] = d.r.randint(1, 3)
            parts.append(d.data(*part))
        return Form(kind, d.any(7, 11), parts, axis=axis % len(shape))
    opset = d.any(7, 11, 12, 13)
    axis = d.axis(len(shape)) if opset >= 11 else d.r.randint(0, len(shape) - 1)
    x = d.whole(*shape, low=-2, high=3).astype(np.float32)
    return Form(kind, opset, [x], dtype=[TensorProto.INT64], axis=axis, keepdims=d.any(0, 1), select_last_index=d.maybe(1) if opset >= 12 else None)


MAKERS = [clip, pad, slices, split, squeeze, reduction, softmax, batch_norm, dropout, upsample, resize, resize, resize, pool, pool, global_pool, conv_transpose,
          top_k, gather, norm, activation, binary, product, moves]


def answers(program, folders):
    said = {}
    while len(said) < len(folders):
        rest = [folder for folder in folders if folder not in said]
        with tempfile.NamedTemporaryFile("w", suffix=".list") as file:
            file.write("".join(f"{folder}\n" for folder in rest))
            file.flush()
            try:
                done = subprocess.run([program, file.name], capture_output=True, timeout=120 + len(rest) / 2, check=False)
                output, end = done.stdout, f"the program ended with status {done.returncode}"
            except subprocess.TimeoutExpired as late:
                output, end = late.stdout or b"", "the program did not end"
        for line in output.decode(errors="replace").splitlines():
            folder, state, *text = line.split("\t")
            said[folder] = (state, text[0] if text else "")
        unsaid = [folder for folder in rest if folder not in said]
        if unsaid:
            said[unsaid[0]] = ("wrong", end)
    return said


def difference(form, folder):
    for i in range(form.outputs):
        got, wanted = np.load(f"{folder}/output_{i}.npy"), np.load(f"{folder}/wanted_{i}.npy")
        if got.shape != wanted.shape:
            return f"the shape {got.shape}, not {wanted.shape}"
        got, wanted = got.astype(np.float64), wanted.astype(np.float64)
        if wanted.size and not np.allclose(got, wanted, rtol=1e-4, atol=1e-4 * max(1e-3, np.abs(wanted[np.isfinite(wanted)]).max(initial=0)), equal_nan=True):
            at = np.unravel_index(np.argmax(~np.isclose(got, wanted, rtol=1e-4, atol=1e-5, equal_nan=True)), got.shape)
            return f"{got[at]}, not {wanted[at]}, at {tuple(int(n) for n in at)}"
    return ""


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print(f"seed {seed}")
    draw, counts, reasons, failures = Draw(seed), collections.Counter(), collections.defaultdict(list), []
    with tempfile.TemporaryDirectory() as root:
        forms, jobs = {}, []
        for i in range(count):
            form, folder = draw.any(*MAKERS)(draw), f"{root}/{i}"
            os.mkdir(folder)
            form.save(f"{folder}/model.onnx")
            for k, data in enumerate(form.data):
                np.save(f"{folder}/input_{k}.npy", np.ascontiguousarray(data).reshape(data.shape))
            jobs.append({"model": f"{folder}/model.onnx", "inputs": {f"x{k}": f"{folder}/input_{k}.npy" for k in range(len(form.data))},
                         "outputs": [f"{folder}/wanted_{k}.npy" for k in range(form.outputs)], "refusal": f"{folder}/refusal.txt"})
            forms[folder] = form
        run_models(jobs, root)
        judged = [folder for folder in forms if not os.path.exists(f"{folder}/refusal.txt")]
        counts["refused by ONNX Runtime"] = len(forms) - len(judged)
        if os.environ.get("FORMS_SHOW_REFUSALS"):
            for folder in forms:
                if os.path.exists(f"{folder}/refusal.txt"):
                    print(forms[folder].text(), open(f"{folder}/refusal.txt").read()[:200])
        for folder, (state, text) in answers(program, judged).items():
            form = forms[folder]
            if state == "ran":
                text = difference(form, folder)
                state = "wrong" if text else "right"
            counts[state] += 1
            if state == "refused":
                reasons[form.kind].append(f"{form.text()}: {text.replace(folder, '')}")
            if state == "wrong":
                failures.append(f"{form.text()}: {text}")
    for kind, texts in sorted(reasons.items()):
        print(f"refused {kind} ({len(texts)}): {texts[0]}")
    for text in failures:
        print(f"DIFFERENT: {text}")
    print(", ".join(f"{number} {what}" for what, number in sorted(counts.items())))
    sys.exit(1 if failures or counts["right"] < 0.9 * len(judged) else 0)


main()
