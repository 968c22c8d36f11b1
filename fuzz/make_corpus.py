#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds that fuzzing starts from: small files of every kind that a reader knows, made here.

    make_corpus.py FOVEA FOLDER

FOVEA is the built program; it turns ONNX seeds into TensorFlow Lite ones. Debian: python3-onnx, python3-torch, python3-pil, python3-numpy.
"""
import collections
import io
import json
import os
import pickle
import struct
import subprocess
import sys

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

RANDOM = numpy.random.default_rng(1)


def weights(name, *shape):
    return numpy_helper.from_array(RANDOM.standard_normal(shape).astype(numpy.float32), name)


def integers(name, *values):
    return numpy_helper.from_array(numpy.array(values, numpy.int64), name)


def scalar(name, value, kind=numpy.float32):
    return numpy_helper.from_array(numpy.array(value, kind), name)


def model(nodes, initializers, shape, result_shape, kind=TensorProto.FLOAT):
    """Nodes are (type, inputs, output, attributes); the input is x, the result y."""
    graph = helper.make_graph(
        [helper.make_node(t, inputs, output if isinstance(output, list) else [output], **attributes) for t, inputs, output, attributes in nodes],
        "seed", [helper.make_tensor_value_info("x", kind, shape)], [helper.make_tensor_value_info("y", kind, result_shape)], initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 7
    onnx.checker.check_model(made)
    return made.SerializeToString()


def onnx_seeds():
    image = [1, 2, 4, 4]
    yield "convolutions", model(
        [("Conv", ["x", "w", "b"], "c", {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}), ("Relu", ["c"], "r", {}),
         ("MaxPool", ["r"], "m", {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}), ("Flatten", ["m"], "f", {}),
         ("Gemm", ["f", "v", "d"], "y", {"transB": 1})],
        [weights("w", 3, 2, 3, 3), weights("b", 3), weights("v", 2, 12), weights("d", 2)], image, [1, 2])
    yield "transposed", model(
        [("ConvTranspose", ["x", "w"], "c", {"strides": [2, 2], "output_padding": [1, 1]}),
         ("AveragePool", ["c"], "a", {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"}), ("HardSigmoid", ["a"], "h", {"alpha": 0.2}),
         ("GlobalAveragePool", ["h"], "g", {}), ("Squeeze", ["g", "axes"], "y", {})],
        [weights("w", 2, 3, 2, 2), integers("axes", 2, 3)], image, [1, 3])
    yield "shuffle", model(
        [("BatchNormalization", ["x", "s", "b", "m", "v"], "n", {}), ("Reshape", ["n", "split"], "r", {}),
         ("Transpose", ["r"], "t", {"perm": [0, 2, 1, 3, 4]}), ("Reshape", ["t", "whole"], "c", {}), ("Split", ["c", "parts"], ["p", "q"], {"axis": 1}),
         ("Concat", ["q", "p"], "k", {"axis": 1}), ("Softmax", ["k"], "y", {"axis": 1})],
        [weights("s", 4), weights("b", 4), weights("m", 4), scalar("v", [1, 1, 1, 1]), integers("split", 1, 2, 2, 2, 2),
         integers("whole", 1, 4, 2, 2), integers("parts", 1, 3)], [1, 4, 2, 2], [1, 4, 2, 2])
    yield "shapes", model(
        [("Shape", ["x"], "s", {}), ("Gather", ["s", "zero"], "n", {"axis": 0}), ("Unsqueeze", ["n", "zeros"], "u", {}),
         ("Concat", ["u", "rest"], "t", {"axis": 0}), ("Reshape", ["x", "t"], "r", {}), ("Slice", ["r", "starts", "ends", "ones", "twos"], "l", {}),
         ("Pad", ["l", "pads", "value"], "p", {}), ("ReduceMean", ["p"], "m", {"axes": [1], "keepdims": 1}), ("Sub", ["p", "m"], "d", {}),
         ("Pow", ["d", "two"], "y", {})],
        [scalar("zero", 0, numpy.int64), integers("zeros", 0), integers("rest", -1), integers("starts", 1), integers("ends", 9), integers("ones", 1),
         integers("twos", 2), integers("pads", 0, 1, 0, 2), scalar("value", 1), scalar("two", 2)], image, [1, 7])
    yield "activations", model(
        [("Sigmoid", ["x"], "s", {}), ("Mul", ["x", "s"], "w", {}), ("Div", ["w", "root"], "d", {}), ("Erf", ["d"], "e", {}), ("Add", ["e", "one"], "a", {}),
         ("Mul", ["w", "a"], "g", {}), ("Mul", ["g", "half"], "h", {}), ("Clip", ["h", "zero", "six"], "c", {}), ("PRelu", ["c", "slope"], "p", {}),
         ("LeakyRelu", ["p"], "l", {}), ("Resize", ["l", "", "", "sizes"], "y", {"mode": "nearest"})],
        [scalar("root", 2 ** 0.5), scalar("one", 1), scalar("half", 0.5), scalar("zero", 0), scalar("six", 6), weights("slope", 2, 1, 1),
         integers("sizes", 1, 2, 8, 8)], image, [1, 2, 8, 8])
    byte, wide = numpy.uint8, numpy.int32
    yield "integers", model(
        [("DequantizeLinear", ["x", "s", "z"], "x1", {}), ("DequantizeLinear", ["w", "ws", "wz"], "w1", {"axis": 0}), ("DequantizeLinear", ["b", "bs"], "b1", {"axis": 0}),
         ("Conv", ["x1", "w1", "b1"], "c", {}), ("Relu", ["c"], "r", {}), ("QuantizeLinear", ["r", "s", "z"], "q", {}), ("DequantizeLinear", ["q", "s", "z"], "d", {}),
         ("Add", ["d", "d"], "a", {}), ("QuantizeLinear", ["a", "s", "z"], "aq", {}), ("DequantizeLinear", ["aq", "s", "z"], "ad", {}),
         ("GlobalAveragePool", ["ad"], "g", {}), ("QuantizeLinear", ["g", "s", "z"], "y", {})],
        [scalar("s", 0.5), scalar("z", 0, byte), numpy_helper.from_array(RANDOM.integers(-9, 9, (3, 2, 1, 1)).astype(numpy.int8), "w"), scalar("ws", [0.1, 0.2, 0.3]),
         scalar("wz", [0, 0, 0], numpy.int8), scalar("b", [1, 2, 3], wide), scalar("bs", [0.05, 0.1, 0.15])], image, [1, 3, 1, 1], TensorProto.UINT8)


def safetensors(tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, array) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def saves():
    """By PyTorch, in both of its forms; the last ones are pickles alone, to be met by the reader of pickles at once."""
    base = torch.arange(6, dtype=torch.float32)
    state = collections.OrderedDict(w=base.view(2, 3).t(), b=base[:2].half(), n=torch.tensor(3))
    for name, options in (("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False})):
        file = io.BytesIO()
        torch.save({"epoch": 1, "best": 0.5, "state_dict": state, "more": [None, True, {1}, b"x", 1 << 70]}, file, **options)
        yield name, file.getvalue()
        file = io.BytesIO()
        torch.save(torch.nn.Linear(2, 1).state_dict(), file, pickle_protocol=4, **options)
        yield name + "_4", file.getvalue()
    yield "pickle", pickle.dumps({"a": [1, -1.5, "text", (2, 3)], "b": collections.OrderedDict(c=1 << 40)}, 2)


def picture(mode, size, **options):
    pixels = RANDOM.integers(0, 255, (size[1], size[0]) + {"L": (), "RGB": (3,), "RGBA": (4,), "CMYK": (4,)}[mode]).astype(numpy.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, mode).save(file, **options)
    return file.getvalue()


def pictures():
    yield "gray.png", picture("L", (5, 3), format="PNG")
    yield "alpha.png", picture("RGBA", (4, 4), format="PNG")
    palette = io.BytesIO()
    Image.fromarray(RANDOM.integers(0, 4, (4, 6)).astype(numpy.uint8), "P").save(palette, format="PNG", transparency=1)
    yield "palette.png", palette.getvalue()
    yield "baseline.jpeg", picture("RGB", (17, 9), format="JPEG", quality=30)
    yield "progressive.jpeg", picture("RGB", (8, 8), format="JPEG", progressive=True)
    yield "inks.jpeg", picture("CMYK", (8, 8), format="JPEG", quality=20)
    yield "gray.jpeg", picture("L", (9, 8), format="JPEG", quality=20)
    yield "lossy.webp", picture("RGB", (8, 8), format="WEBP", quality=10)
    yield "lossless.webp", picture("RGBA", (4, 4), format="WEBP", lossless=True)
    exif = Image.Exif()
    exif[0x112] = 6
    yield "turned.jpeg", picture("RGB", (9, 8), format="JPEG", quality=20, exif=exif)
    yield "turned.png", picture("RGB", (5, 4), format="PNG", exif=exif)
    yield "turned.webp", picture("RGB", (5, 4), format="WEBP", exif=exif)
    yield "rows.gif", picture("L", (9, 7), format="GIF", interlace=0)
    yield "interlaced.gif", picture("L", (5, 12), format="GIF", interlace=1)
    deep = io.BytesIO()
    Image.fromarray(RANDOM.integers(0, 65535, (4, 5)).astype(numpy.uint16)).save(deep, format="PNG")
    yield "deep.png", deep.getvalue()
    yield "runs.bmp", b"BM" + struct.pack("<IHHI", 86, 0, 0, 62) + struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 8, 1, 24, 0, 0, 2, 0) + bytes(
        [0, 0, 0, 0, 9, 8, 7, 0, 3, 1, 1, 0, 0, 0, 0, 3, 1, 0, 1, 0, 0, 2, 1, 0, 0, 1])
    yield "plain.bmp", picture("RGB", (3, 5), format="BMP")
    yield "gray.bmp", picture("L", (3, 5), format="BMP")


def bare(jpeg):
    """Without its Huffman tables, as cameras send frames."""
    at, kept = 2, jpeg[:2]
    while jpeg[at + 1] != 0xda:
        end = at + 2 + int.from_bytes(jpeg[at + 2:at + 4], "big")
        kept += b"" if jpeg[at + 1] == 0xc4 else jpeg[at:end]
        at = end
    return kept + jpeg[at:]


def frames():
    """The first byte is the format (fuzz/frames_fuzzer.cc)."""
    first, second = picture("RGB", (9, 8), format="JPEG", quality=20), picture("L", (8, 8), format="JPEG", quality=20)
    comment = b"\xff\xfe\0\x08\xff\xd9\xff\xd8\xff\xe0"
    yield "mjpeg", b"\0" + first + second[:2] + comment + second[2:] + b"\r\n" + bare(first)
    yield "cut.mjpeg", b"\0" + first[:-4] + second + first[:-1]
    for number, (name, size) in enumerate((("rgb24", 45), ("bgr24", 45), ("gray", 15), ("yuyv422", 36), ("nv12", 27), ("yuv420p", 27)), 1):
        yield name, bytes([number]) + bytes(RANDOM.integers(0, 256, 2 * size + 5).astype(numpy.uint8))


def idx():
    labels = struct.pack(">II", 2049, 2) + bytes([3, 7])
    images = struct.pack(">IIII", 2051, 2, 3, 4) + bytes(range(24))
    yield "two", struct.pack("<H", len(labels)) + labels + images


def tar_file(name, content):
    header = bytearray(512)
    header[:len(name)] = name
    header[100:107], header[124:135], header[156:157], header[257:265] = b"0000644", b"%011o" % len(content), b"0", b"ustar\00000"
    header[148:156] = b" " * 8
    header[148:155] = b"%06o\0" % sum(header)
    return bytes(header) + content + bytes(-len(content) % 512)


def shards():
    yield "tar", b"\0" + tar_file(b"1.png", b"picture") + tar_file(b"1.cls", b"0") + tar_file(b"2.json", b'{"label": 1}') + tar_file(b"2.png", b"x") + bytes(1024)
    yield "csv", b"\2" + b"\xef\xbb\xbfpath,label\r\n\"train.csv\",0\r\n"


def main():
    fovea, folder = sys.argv[1:]

    def write(kind, name, content):
        os.makedirs(f"{folder}/{kind}", exist_ok=True)
        path = f"{folder}/{kind}/{name}"
        with open(path, "wb") as file:
            file.write(content)
        return path

    for name, content in onnx_seeds():
        path = write("onnx", name, content)
        os.makedirs(f"{folder}/tflite", exist_ok=True)
        os.rename(path, path + ".onnx")
        subprocess.run([fovea, "export", path + ".onnx", "-o", f"{folder}/tflite/{name}.tflite"], check=False)
        os.rename(path + ".onnx", path)
        if os.path.exists(f"{folder}/tflite/{name}.tflite"):
            os.rename(f"{folder}/tflite/{name}.tflite", f"{folder}/tflite/{name}")
    write("safetensors", "two", safetensors({"a": ("F32", numpy.arange(6, dtype=numpy.float32).reshape(2, 3)), "b": ("I64", numpy.arange(2))}))
    for name, content in saves():
        write("pth", name, content)
    write("safetensors", "halves", safetensors({"h": ("F16", numpy.ones(3, numpy.float16))}))
    for name, content in pictures():
        write("picture", name, content)
    for name, content in frames():
        write("frames", name, content)
    for name, content in shards():
        write("shards", name, content)
    for name, content in idx():
        write("idx", name, content)


main()
