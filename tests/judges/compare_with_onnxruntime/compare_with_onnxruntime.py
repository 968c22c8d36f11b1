#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ONNX files both ways, with ONNX Runtime and torchvision as judges.

    compare_with_onnxruntime.py FOVEA RANDOM_WEIGHTS [NAME...]

FOVEA and RANDOM_WEIGHTS are the built programs; without names all networks below are compared,
VGG only as torchvision writes it, because its 530 MB take long.

- Written: our networks, exported, pass onnx.checker and give ONNX Runtime the logits that `fovea run` gives us.
- Read: networks that torchvision exports (opset 13) give us the logits that PyTorch gives.

The error is the largest difference over the largest logit, and must be below 1e-4. Weights and the statistics of
norms are random. Exit status: 0 all agree, 1 something does not, 77 a judge is missing.
"""
import os
import subprocess
import sys
import tempfile

from judge import need_onnxruntime, run_models, skip

LIMIT = 1e-4
# Our name, the image size (0: the network's own), and torchvision's name if it exports the network.
NETWORKS = [
    ("mnist-mlp", 0, None), ("mnist-cnn", 0, None), ("cifar-cnn", 0, None), ("lenet5", 0, None), ("efficientnet-edgetpu-s", 64, None),
    ("mobilenet-v3-small", 64, None), ("astronet", 0, None),
    ("resnet50", 64, "resnet50"), ("efficientnet-b0", 64, "efficientnet_b0"), ("mobilenet-v2", 64, "mobilenet_v2"),
    ("vgg11-bn", 224, "vgg11_bn"), ("densenet121", 64, "densenet121"), ("squeezenet-1.1", 64, "squeezenet1_1"),
    ("shufflenet-v2-1.0", 64, "shufflenet_v2_x1_0"),
]
# The other families of torchvision, which are only read.
READ = [("convnext_tiny", 64), ("regnet_y_400mf", 64), ("mnasnet0_5", 64), ("googlenet", 64), ("vit_b_16", 224), ("swin_t", 64)]


try:
    import numpy
    import onnx
    import torch
    import torchvision
except ImportError as error:
    skip(f"no {error.name} here (Debian: python3-onnx, python3-torchvision)")
need_onnxruntime()


class Judge:
    def __init__(self, fovea, random_weights, folder):
        self.fovea, self.random_weights, self.folder = fovea, random_weights, folder
        self.jobs, self.expected, self.failures = [], [], 0

    def path(self, name):
        return f"{self.folder}/{name}"

    def ours(self, *words):
        done = subprocess.run([self.fovea, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"fovea {' '.join(words)}: {done.stderr.strip()}")

    def tell(self, what, wanted, given):
        error = float(numpy.abs(given - wanted).max() / numpy.abs(wanted).max()) if given.shape == wanted.shape else float("inf")
        good = error < LIMIT
        self.failures += not good
        print(f"{'' if good else 'DIFFERENT: '}{what}: {error:.1e}")

    def written(self, name, side):
        """Exports, checks and runs a network here; ONNX Runtime runs all of them later."""
        size = ["--input", f"{side}x{side}x3"] if side else []
        weights, model = self.path(f"{name}.safetensors"), self.path(f"{name}.onnx")
        subprocess.run([self.random_weights, name, weights, *size[1:]], check=True)
        self.ours("export", name, "--weights", weights, *size, "-o", model)
        onnx.checker.check_model(model, full_check=True)
        inputs, ours, theirs = [], [], {}
        for port in onnx.load(model).graph.input:
            shape = [d.dim_value for d in port.type.tensor_type.shape.dim]
            data = numpy.random.default_rng(1).standard_normal(shape, dtype=numpy.float32)
            theirs[port.name] = self.path(f"{name}.{port.name}.npy")
            numpy.save(theirs[port.name], data)
            inputs.append(self.path(f"{name}.{port.name}.ours.npy"))
            ours.append(f"{port.name}={inputs[-1]}" if len(shape) < 4 else inputs[-1])
            numpy.save(inputs[-1], numpy.ascontiguousarray(numpy.moveaxis(data, 1, -1)))
        # The network itself at its own size; otherwise our file read again, which unit tests compare with the network.
        network = [name, "--weights", weights] if side in (0, 224) else [model]
        self.ours("run", *network, *[word for file in ours for word in ("--input", file)], "--output", self.path(f"{name}.ours.out.npy"))
        self.jobs.append({"model": model, "inputs": theirs, "output": self.path(f"{name}.out.npy")})
        self.expected.append(name)

    def ask_onnxruntime(self):
        run_models(self.jobs, self.folder)
        for name in self.expected:
            self.tell(f"{name} in ONNX Runtime", numpy.load(self.path(f"{name}.out.npy")), numpy.load(self.path(f"{name}.ours.out.npy")))

    def read(self, name, side):
        torch.manual_seed(1)
        given = {"init_weights": True} if name == "googlenet" else {}
        network = getattr(torchvision.models, name)(weights=None, **given).eval()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.8, 1.2)
                module.weight.data.uniform_(0.8, 1.2)
                module.bias.data.uniform_(-0.1, 0.1)
        for values in network.parameters():
            if not values.any():  # a classifier of zeros would answer zeros to anything
                torch.nn.init.normal_(values, std=0.02)
        image = torch.randn(1, 3, side, side)
        model = self.path(f"torchvision.{name}.onnx")
        torch.onnx.export(network, image, model, opset_version=13, input_names=["image"], output_names=["logits"])
        numpy.save(self.path("image.npy"), numpy.ascontiguousarray(image.numpy().transpose(0, 2, 3, 1)))
        self.ours("run", model, "--input", self.path("image.npy"), "--output", self.path("logits.npy"))
        with torch.no_grad():
            self.tell(f"{name} of torchvision", network(image).numpy(), numpy.load(self.path("logits.npy")))
        os.remove(model)


def main():
    torch.set_num_threads(1)
    import warnings
    warnings.filterwarnings("ignore")
    names = sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(sys.argv[1], sys.argv[2], folder)
        chosen = [entry for entry in NETWORKS if not names or entry[0] in names]
        for name, side, _ in chosen:
            if names or name != "vgg11-bn":
                judge.written(name, side)
        judge.ask_onnxruntime()
        for _, side, theirs in chosen:
            if theirs:
                judge.read(theirs, side)
        for theirs, side in READ:
            if not names or theirs in names:
                judge.read(theirs, side)
    sys.exit(1 if judge.failures else 0)


main()
