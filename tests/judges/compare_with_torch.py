#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Repeats in PyTorch, in double precision, what dump_gradients computed: logits, loss and every gradient must agree.

    compare_with_torch.py DUMP_GRADIENTS [NAME...]

DUMP_GRADIENTS is the built program; without names all layers and the networks below are compared. The error of a tensor is the largest
difference over the largest value, and must be below 1e-4. Exit status: 0 all agree, 1 something does not, 77 PyTorch is missing.
"""
import json
import struct
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
    from torch.nn import functional
except ImportError:
    print("no PyTorch here (Debian: python3-torch); nothing was compared")
    sys.exit(77)

LIMIT = 1e-4
BATCH = 4


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    types = {"F32": numpy.float32, "I32": numpy.int32, "I64": numpy.int64}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = numpy.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def same_padding(size, kernel, stride, dilation):
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


class Network:
    """Layers on channels-first tensors, with the parameters as PyTorch's own layers would hold them."""

    def __init__(self, parameters):
        self.parameters = parameters

    def conv(self, x, name, padding=0, stride=1, dilation=1, groups=1):
        weight = self.parameters[name + ".weight"]
        pads = []
        for size, extent in zip(x.shape[2:], weight.shape[2:]):
            pads.append(same_padding(size, extent, stride, dilation) if padding == "same" else (padding, padding))
        x = functional.pad(x, [side for pair in reversed(pads) for side in pair])
        function = (functional.conv1d, functional.conv2d, functional.conv3d)[weight.dim() - 3]
        return function(x, weight, self.parameters[name + ".bias"], stride=stride, dilation=dilation, groups=groups)

    def dense(self, x, name):
        return functional.linear(x, self.parameters[name + ".weight"], self.parameters[name + ".bias"])


def mlp(network, x, names):
    for name in names[:-1]:
        x = torch.relu(network.dense(x, name))
    return network.dense(x, names[-1])


def mnist_mlp(network, x):
    return mlp(network, x.flatten(1), ["dense1", "dense2", "dense3"])


def mnist_cnn(network, x):
    x = torch.relu(network.conv(x, "conv1", "same"))
    x = torch.relu(network.conv(x, "conv2"))
    return mlp(network, functional.max_pool2d(x, 2).flatten(1), ["dense1", "dense2", "dense3"])


def cifar_cnn(network, x):
    for first, second in (("conv1", "conv2"), ("conv3", "conv4")):
        x = torch.relu(network.conv(x, first, "same"))
        x = functional.max_pool2d(torch.relu(network.conv(x, second)), 2)
    return mlp(network, x.flatten(1), ["dense1", "dense2", "dense3"])


def lenet5(network, x):
    x = functional.avg_pool2d(torch.relu(network.conv(x, "conv1", "same")), 2)
    x = functional.avg_pool2d(torch.relu(network.conv(x, "conv2")), 2)
    return mlp(network, x.flatten(1), ["dense1", "dense2", "dense3"])


NETWORKS = {"mnist-mlp": mnist_mlp, "mnist-cnn": mnist_cnn, "cifar-cnn": cifar_cnn, "lenet5": lenet5}


def one_layer(network, x, options):
    x = functional.silu(network.conv(x, "conv1", **options))
    return network.conv(x, "conv2", **options).flatten(2).mean(2)


def error(ours, theirs, least=0):
    scale = max(numpy.abs(theirs).max(), least)
    return numpy.abs(ours - theirs).max() / (scale if scale > 0 else 1)


def judge(name, errors, limit=LIMIT):
    worst = max(errors, key=lambda key: errors[key] if errors[key] == errors[key] else float("inf"))
    good = all(value < limit for value in errors.values())
    print(f"{name:20} {len(errors):3} tensors, largest relative error {errors[worst]:.1e} ({worst}) {'' if good else 'TOO LARGE'}")
    return good


def compare(program, name, folder):
    path = f"{folder}/{name}.safetensors"
    subprocess.run([program, name, str(BATCH), path], check=True)
    tensors, metadata = read_safetensors(path)
    parameters = {}
    for key, value in tensors.items():
        if key.startswith("parameter."):
            parameters[key[len("parameter.") :]] = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    image = torch.tensor(tensors["image"], dtype=torch.float64).movedim(-1, 1)
    network = Network(parameters)
    if name in NETWORKS:
        logits = NETWORKS[name](network, image)
    else:
        logits = one_layer(network, image, json.loads(metadata["layer"]) or {})
    loss = functional.cross_entropy(logits, torch.tensor(tensors["label"], dtype=torch.int64))
    loss.backward()
    errors = {"logits": error(tensors["logits"], logits.detach().numpy()), "loss": error(tensors["loss"], loss.detach().numpy())}
    for key, parameter in parameters.items():
        errors["gradient." + key] = error(tensors["gradient." + key], parameter.grad.numpy())
    return judge(name, errors)


def main():
    program, names = sys.argv[1], sys.argv[2:]
    if not names:
        listed = subprocess.run([program, "list"], check=True, capture_output=True, text=True).stdout.split()
        names = [name for name in listed if name.startswith("conv")] + list(NETWORKS)
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(program, name, folder) for name in names]
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
