#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares torchvision's networks, as torch.onnx.export writes them in many ways, with ONNX Runtime as the judge.

    compare_exports.py FOVEA [--quick] [--opset N ...] [--way WAY ...] [NAME ...]

The ways are opsets 9, 11, 13 and 16, each plain; and opset 13 with an open batch (run with 3 images), for a batch of 2 (run with 2 and with 1),
without constant folding, with training=PRESERVE, as float16, and with the weights in files of their own. Weights are random. The error is the
largest difference over the largest logit; float16 is compared with ONNX Runtime's answers for the float16 file. Prints a table with
a row for each network and "-" where PyTorch itself cannot export it. Every CI run uses --quick. Exit status: 0 all agree, 1
something does not, 77 a judge is missing.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import warnings

from judge import need_onnxruntime, run_models, skip

LIMIT, HALF_LIMIT = 1e-4, 2e-2
# Image sizes; vit is made for one size, and vgg's first dense layer determines its size.
NETWORKS = {"resnet18": 64, "mobilenet_v2": 64, "mobilenet_v3_small": 64, "efficientnet_b0": 64, "vgg11_bn": 224, "squeezenet1_1": 64,
            "shufflenet_v2_x0_5": 64, "densenet121": 64, "mnasnet0_5": 64, "inception_v3": 96, "googlenet": 64, "convnext_tiny": 64, "swin_t": 64,
            "vit_b_16": 64, "regnet_y_400mf": 64}
OPSETS = (9, 11, 13, 16)
WAYS = ("open batch", "batch 2", "unfolded", "preserve", "float16", "external")
# Network and column of what every CI run compares: each column once, with the networks whose forms differ most.
QUICK = [("resnet18", "9"), ("mobilenet_v3_small", "11"), ("squeezenet1_1", "preserve"), ("shufflenet_v2_x0_5", "open batch"),
         ("mnasnet0_5", "float16"), ("regnet_y_400mf", "unfolded"), ("swin_t", "batch 2"), ("mobilenet_v3_small", "external"),
         ("shufflenet_v2_x0_5", "16")]


try:
    import numpy as np
    import onnx
    import torch
    import torchvision
    from onnx import TensorProto, numpy_helper
except ImportError as error:
    skip(f"no {error.name} here (Debian: python3-onnx, python3-torchvision)")
need_onnxruntime()


def network(name):
    torch.manual_seed(1)
    given = {"googlenet": {"init_weights": True, "aux_logits": False}, "vit_b_16": {"image_size": NETWORKS["vit_b_16"]},
             "inception_v3": {"init_weights": False, "aux_logits": False}}.get(name, {})
    model = getattr(torchvision.models, name)(weights=None, **given).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
            module.weight.data.uniform_(0.8, 1.2)
            module.bias.data.uniform_(-0.1, 0.1)
    for values in model.parameters():
        if not values.any():  # a classifier of zeros would answer zeros to anything
            torch.nn.init.normal_(values, std=0.02)
    return model


def halved(model):
    """The same file with float16 everywhere, as converters write it."""
    def tensor(proto):
        if proto.data_type == TensorProto.FLOAT:
            array = np.clip(numpy_helper.to_array(proto), -65504, 65504).astype(np.float16)
            proto.CopyFrom(numpy_helper.from_array(array, proto.name))

    for proto in model.graph.initializer:
        tensor(proto)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                tensor(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    for port in [*model.graph.input, *model.graph.output]:
        if port.type.tensor_type.elem_type == TensorProto.FLOAT:
            port.type.tensor_type.elem_type = TensorProto.FLOAT16
    del model.graph.value_info[:]
    return model


def export(model, side, column, path):
    batch = 2 if column == "batch 2" else 1
    options = {"opset_version": int(column) if column.isdigit() else 13, "input_names": ["image"], "output_names": ["logits"]}
    if column == "open batch":
        options["dynamic_axes"] = {"image": {0: "batch"}, "logits": {0: "batch"}}
    if column in ("unfolded", "preserve"):
        options["do_constant_folding"] = False
    if column == "preserve":
        options["training"] = torch.onnx.TrainingMode.PRESERVE
    torch.onnx.export(model, torch.randn(batch, 3, side, side), path, **options)
    if column == "float16":
        onnx.save(halved(onnx.load(path)), path)
    if column == "external":
        onnx.save(onnx.load(path), path, save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=1024)


class Judge:
    def __init__(self, fovea, folder):
        self.fovea, self.folder = fovea, folder

    def error(self, path, column, image, runs):
        """The largest error, with `runs` images at a time; fails with the program's message."""
        half = column == "float16"
        given, answer = f"{self.folder}/x.npy", f"{self.folder}/y.npy"
        np.save(given, image.astype(np.float16) if half else image)
        run_models([{"model": path, "inputs": {"image": given}, "output": answer}], self.folder, capture_output=True)
        wanted, worst = np.load(answer).astype(np.float32), 0.0
        for count in runs:
            np.save(given, np.ascontiguousarray(np.moveaxis(image[:count], 1, -1)))
            done = subprocess.run([self.fovea, "run", path, "--input", given, "--output", answer], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.strip().splitlines()[-1])
            ours = np.load(answer)
            if ours.shape != wanted[:count].shape:
                raise RuntimeError(f"{ours.shape} for {wanted[:count].shape}")
            worst = max(worst, float(np.abs(ours - wanted[:count]).max() / np.abs(wanted).max()))
        return worst

    def cell(self, model, name, column):
        """The text of a cell, and whether it is good."""
        folder, side = f"{self.folder}/{name}", NETWORKS[name]
        os.makedirs(folder, exist_ok=True)
        path = f"{folder}/model.onnx"
        try:
            export(model, side, column, path)
        except Exception as error:  # PyTorch's own limits
            return "-", True, f"PyTorch: {str(error).splitlines()[0][:150]}"
        count = {"open batch": 3, "batch 2": 2}.get(column, 1)
        image = np.random.default_rng(1).standard_normal((count, 3, side, side), dtype=np.float32)
        try:
            error = self.error(path, column, image, (2, 1) if column == "batch 2" else (count,))
        except (RuntimeError, subprocess.CalledProcessError) as failure:
            return "FAILS", False, str(failure)[-300:]
        finally:
            for each in os.listdir(folder):
                os.remove(f"{folder}/{each}")
        good = error < (HALF_LIMIT if column == "float16" else LIMIT)
        return f"{error:.0e}" if good else f"{error:.0e} !", good, ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fovea")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--opset", action="append", default=[])
    parser.add_argument("--way", action="append", default=[])
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    columns = [*map(str, OPSETS), *WAYS]
    if options.opset or options.way:
        columns = [c for c in columns if c in options.opset or c in options.way]
    print("| network | " + " | ".join(c if not c.isdigit() else f"opset {c}" for c in columns) + " |", flush=True)
    compared = failures = 0
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(options.fovea, folder)
        for name in options.names or NETWORKS:
            wanted = [c for c in columns if not options.quick or (name, c) in QUICK]
            if not wanted:
                continue
            model, cells = network(name), []
            for column in columns:
                text, good, note = judge.cell(model, name, column) if column in wanted else ("", True, "")
                cells.append(text)
                compared += column in wanted and text != "-"
                failures += not good
                if note:
                    notes.append(f"{name}, {column}: {note}")
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
            if all(text in ("-", "") for text in cells):
                failures += 1
                notes.append(f"{name}: nothing was compared")
    for note in notes:
        print(note)
    print(f"{compared} files compared, {failures} differ or fail")
    sys.exit(1 if failures else 0)


main()
