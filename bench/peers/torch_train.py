# SPDX-License-Identifier: Apache-2.0
"""Images per second of training in PyTorch: forward, backward and SGD with momentum of one network.

usage: torch_train.py MODEL BATCH THREADS SECONDS [f32|bf16 [cpu|cuda]] | --version
Prints one number, the fastest of PyTorch's two layouts and, in bf16, of two ways: torch.autocast, which keeps parameters in f32, and a
network that is bf16 throughout.
"""
import statistics
import sys
import time

import torch
import torchvision
from torch import nn


def stage(inputs, filters):
    return [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU(), nn.Conv2d(filters, filters, 3), nn.ReLU(), nn.MaxPool2d(2)]


def head(inputs):
    return [nn.Flatten(), nn.Linear(inputs, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]


def resnet18_cifar():
    network = torchvision.models.resnet18(num_classes=10)
    network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return network


NETWORKS = {
    "mnist-mlp": (lambda: nn.Sequential(*head(784)), (1, 28, 28)),
    "mnist-cnn": (lambda: nn.Sequential(*stage(1, 32), *head(13 * 13 * 32)), (1, 28, 28)),
    "resnet18-cifar": (resnet18_cifar, (3, 32, 32)),
    "resnet50": (lambda: torchvision.models.resnet50(), (3, 224, 224)),
    "efficientnet-b0": (lambda: torchvision.models.efficientnet_b0(), (3, 224, 224)),
    "mobilenet-v2": (lambda: torchvision.models.mobilenet_v2(), (3, 224, 224)),
    "cifar-cnn": (lambda: nn.Sequential(*stage(3, 32), *stage(32, 64), *head(6 * 6 * 64)), (3, 32, 32)),
}


def images_per_second(name, batch, layout, seconds, way, device):
    make, shape = NETWORKS[name]
    network = make().to(device, memory_format=layout)
    images = torch.randn(batch, *shape).to(device, memory_format=layout)
    if way == "whole":
        network, images = network.to(torch.bfloat16), images.to(torch.bfloat16)
    labels = torch.randint(0, 10, (batch,)).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9)
    loss = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16, enabled=way == "autocast"):
            answers = network(images)
        loss(answers.float(), labels).backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    start = time.perf_counter()
    step()
    for _ in range(2 if time.perf_counter() - start < seconds / 2 else 0):
        step()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return batch / statistics.median(times)


if sys.argv[1:] == ["--version"]:
    sys.exit(print(f"PyTorch {torch.__version__.split('+')[0]}"))
name, batch, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
ways = ["autocast", "whole"] if sys.argv[5:6] == ["bf16"] else ["f32"]
torch.manual_seed(0)
torch.set_num_threads(threads)
layouts = [torch.contiguous_format] if name == "mnist-mlp" else [torch.contiguous_format, torch.channels_last]
figures = {}
for way in ways:
    for layout in layouts:
        figures[way, layout] = images_per_second(name, batch, layout, seconds, way, (sys.argv[6:] or ["cpu"])[0])
best = max(figures, key=figures.get)
print(f"{name}: {best[0]}, {best[1]}", file=sys.stderr)
print(figures[best])
