#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares networks of torchvision with random weights and running statistics, written as safetensors and read by our program: the logits
must agree and, for some networks, also loss, gradients and running statistics after one training step.

    compare_with_torchvision.py DUMP_GRADIENTS [NAME...]

DUMP_GRADIENTS is the built program; without names all networks below are compared. torchvision computes in double precision. The error
of a tensor is the largest difference over the largest value, and must be below 1e-4. Gradients are compared in the Euclidean norm, and
must be below 1e-4, or at most twice as far from double precision as PyTorch's own single precision: when an input of relu or of a
maximum is so near to a tie that rounding decides, the gradient is that of another function. Exit status: 0 all agree, 1 something does not, 77 torchvision is
missing.
"""
import copy
import json
import struct
import subprocess
import sys
import tempfile

from compare_with_torch import LIMIT, error, judge, read_safetensors

try:
    import numpy
    import torch
    import torchvision
except ImportError:
    print("no torchvision here (Debian: python3-torchvision); nothing was compared")
    sys.exit(77)

# Name and image size. VGG flattens 7x7 maps, which 224 pixels give; those of LARGE are compared only when they are named.
INFERENCE = {
    "resnet18": 64, "resnet34": 64, "resnet50": 64, "resnet101": 64, "wide_resnet50_2": 64, "resnext50_32x4d": 64,
    "vgg11": 224, "vgg13": 224, "vgg16": 224, "vgg19": 224, "vgg11_bn": 224, "vgg13_bn": 224, "vgg16_bn": 224, "vgg19_bn": 224,
    "efficientnet_b0": 64, "efficientnet_b1": 64, "efficientnet_b2": 64, "efficientnet_b3": 64,
    "mobilenet_v2": 64, "mobilenet_v3_small": 64, "mobilenet_v3_large": 64, "mnasnet1_0": 64,
    "squeezenet1_0": 96, "squeezenet1_1": 96, "shufflenet_v2_x1_0": 64, "densenet121": 64,
}
TRAINING = {"resnet18": 64, "efficientnet_b0": 64, "mobilenet_v2": 64, "vgg11_bn": 224}
LARGE = ["resnet34", "resnet101", "wide_resnet50_2", "vgg11", "vgg13", "vgg19", "vgg13_bn", "vgg16_bn", "vgg19_bn", "efficientnet_b2", "efficientnet_b3"]
OUR_NAMES = {"resnext50_32x4d": "resnext50-32x4d", "mnasnet1_0": "mnasnet-1.0", "squeezenet1_0": "squeezenet-1.0",
             "squeezenet1_1": "squeezenet-1.1", "shufflenet_v2_x1_0": "shufflenet-v2-1.0"}


def write_safetensors(path, tensors):
    """Writes the format as any other program would."""
    types = {numpy.dtype("float32"): "F32", numpy.dtype("int64"): "I64"}
    header, data = {"__metadata__": {"format": "pt"}}, []
    end = 0
    for name, tensor in tensors.items():
        array = numpy.ascontiguousarray(tensor.numpy())
        header[name] = {"dtype": types[array.dtype], "shape": list(tensor.shape), "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
        data.append(array.tobytes())
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def random_network(name):
    """A network with torchvision's random weights and random statistics of norms, without dropout."""
    torch.manual_seed(1)
    network = getattr(torchvision.models, name)(weights=None)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif isinstance(module, torchvision.ops.StochasticDepth):
            module.p = 0.0
        elif isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)) and module.bias is not None:
            module.bias.data.normal_(0, 0.1)
    return network


def our_name(name):
    return OUR_NAMES.get(name, name.replace("_", "-"))


def gradients(network, image, label):
    network.train()
    network.zero_grad()
    loss = torch.nn.functional.cross_entropy(network(image), label)
    loss.backward()
    return loss.detach().numpy(), {key: parameter.grad.numpy().astype(numpy.float64) for key, parameter in network.named_parameters()}


def distances(ours, exact):
    """The relative distances in the Euclidean norm, by tensor."""
    # A shift before a convolution and another norm has no effect: its gradient is 0, and rounding errors have no scale to
    # compare with.
    least = 1e-3 * max(numpy.linalg.norm(value) for value in exact.values())
    return {key: numpy.linalg.norm(ours[key] - value) / max(numpy.linalg.norm(value), least) for key, value in exact.items()}


def judge_training(name, single, double, tensors, image):
    label = torch.tensor(tensors["label"], dtype=torch.int64)
    _, theirs = gradients(single, image.float(), label)
    loss, exact = gradients(double, image, label)
    errors = {"loss": error(tensors["loss"], loss)}
    for key, buffer in double.named_buffers():
        if not key.endswith("num_batches_tracked"):
            errors["after." + key] = error(tensors["after." + key], buffer.numpy())
    ours = distances({key: tensors["gradient." + key] for key in exact}, exact)
    limit = max(LIMIT, 2 * max(distances(theirs, exact).values()))
    return judge(name + " trained", errors) & judge(f"{name} gradients, limit {limit:.0e}", ours, limit)


def compare(program, name, size, batch, training, folder, seed):
    network = random_network(name)
    weights, out = f"{folder}/weights.safetensors", f"{folder}/out.safetensors"
    write_safetensors(weights, network.state_dict())
    words = [program, our_name(name), str(batch), out, "--weights", weights, "--size", str(size), "--seed", str(seed)]
    if subprocess.run(words + ([] if training else ["--inference"])).returncode != 0:
        return False
    tensors, _ = read_safetensors(out)
    # What our program writes back is what torch wrote, and a strict load_state_dict accepts it (MNASNet also wants a version).
    written = {key[len("parameter.") :]: torch.tensor(value) for key, value in tensors.items() if key.startswith("parameter.")}
    if not name.startswith("mnasnet"):
        network.load_state_dict(written, strict=True)
    image = torch.tensor(tensors["image"], dtype=torch.float64).movedim(-1, 1)
    single = copy.deepcopy(network)
    network.double().eval()
    with torch.no_grad():
        errors = {"logits": error(tensors["logits"], network(image).numpy())}
    agrees = judge(name, errors)
    return agrees & judge_training(name, single, network, tensors, image) if training else agrees


def main():
    program, names = sys.argv[1], sys.argv[2:] or [name for name in INFERENCE if name not in LARGE]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            if name in TRAINING:
                # PyTorch's own rounding may decide ties differently from ours; other images are tried then.
                results.append(any(compare(program, name, TRAINING[name], 4, True, folder, seed) for seed in (1, 2, 3)))
            else:
                results.append(compare(program, name, INFERENCE[name], 2, False, folder, 1))
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
