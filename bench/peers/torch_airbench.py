#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The CIFAR-10 speed recipe "94, muon" of KellerJordan/cifar10-airbench in PyTorch on the processor, to compare with `fovea train airbench94`.

usage: torch_airbench.py CIFAR_FOLDER [--dtype bf16|fp32] [--threads 2] [--steps N] [--seed 1]
CIFAR_FOLDER contains the binary files data_batch_1..5.bin and test_batch.bin. With --steps it stops early and only measures time.
Prints a line for each epoch, then the accuracy without and with test-time views, and the total seconds, in which compilation is included.
"""
import argparse
import pathlib
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

BATCH, EPOCHS, DECAY = 2000, 8, 2e-6 * 2000
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def read(folder, files):
    rows = numpy.concatenate([numpy.fromfile(pathlib.Path(folder) / name, numpy.uint8).reshape(-1, 3073) for name in files])
    images = torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).astype(numpy.float32) / 255)
    mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, DEVIATION))
    return (images - mean) / deviation, torch.from_numpy(rows[:, 0].astype(numpy.int64))


class Norm(nn.BatchNorm2d):
    def __init__(self, width):
        super().__init__(width, eps=1e-12, momentum=0.4)
        self.weight.requires_grad = False


def group(inputs, width):
    layers = [nn.Conv2d(inputs, width, 3, padding="same", bias=False), nn.MaxPool2d(2), Norm(width), nn.GELU(),
              nn.Conv2d(width, width, 3, padding="same", bias=False), Norm(width), nn.GELU()]
    for layer in (layers[0], layers[4]):
        nn.init.dirac_(layer.weight.data[: layer.weight.shape[1]])
    return layers


class Network(nn.Module):
    def __init__(self, images):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2, bias=True)
        self.whiten.weight.requires_grad = False
        self.whiten.bias.data.zero_()
        patches = images[:5000].unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (vectors / torch.sqrt(values + 5e-4)).T.reshape(12, 3, 2, 2)
        self.whiten.weight.data[:] = torch.cat((filters, -filters))
        self.layers = nn.Sequential(nn.GELU(), *group(24, 64), *group(64, 256), *group(256, 256), nn.MaxPool2d(3))
        self.head = nn.Linear(256, 10, bias=False)
        self.head.weight.data /= self.head.weight.data.std()

    def forward(self, x, train_bias=True):
        bias = self.whiten.bias if train_bias else self.whiten.bias.detach()
        x = functional.conv2d(x, self.whiten.weight, bias)
        return self.head(self.layers(x).flatten(1)) / 256


def orthogonal(g, dtype):
    x = g.flatten(1).to(dtype)
    x = x / (x.norm() + 1e-7)
    wide = x.shape[0] > x.shape[1]
    x = x.T if wide else x
    for _ in range(3):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.T if wide else x).view(g.shape)


def augment(images, flipped, epoch, generator):
    if epoch == 0 or flipped is None:
        flipped = torch.rand(len(images), generator=generator) < 0.5
    turn = flipped if epoch % 2 == 0 else ~flipped
    images = torch.where(turn.view(-1, 1, 1, 1), images.flip(3), images)
    padded = functional.pad(images, (2, 2, 2, 2), "reflect")
    dy, dx = torch.randint(0, 5, (2, len(images)), generator=generator)
    out = torch.empty_like(images)
    for y in range(5):
        for x in range(5):
            chosen = (dy == y) & (dx == x)
            out[chosen] = padded[chosen, :, y : y + 32, x : x + 32]
    return out, flipped


def accuracy(network, images, labels, dtype, views):
    def mirrored(x):
        return network(x).float() + network(x.flip(3)).float()

    right = 0
    network.eval()
    with torch.no_grad():
        for x, y in zip(images.split(1000), labels.split(1000)):
            x = x.to(dtype).contiguous(memory_format=torch.channels_last)
            if views:
                padded = functional.pad(x.float(), (1, 1, 1, 1), "reflect").to(dtype)
                shifted = mirrored(padded[:, :, 0:32, 0:32]) + mirrored(padded[:, :, 2:34, 2:34])
                logits = 0.5 * mirrored(x) + 0.25 * shifted
            else:
                logits = network(x)
            right += (logits.argmax(1) == y).sum().item()
    network.train()
    return right / len(labels)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--dtype", choices=["bf16", "fp32"], default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    dtype = torch.bfloat16 if options.dtype == "bf16" else torch.float32
    images, labels = read(options.folder, [f"data_batch_{i}.bin" for i in range(1, 6)])
    test_images, test_labels = read(options.folder, ["test_batch.bin"])
    start = time.perf_counter()
    network = Network(images).to(dtype).to(memory_format=torch.channels_last)
    for module in network.modules():
        if isinstance(module, Norm):
            module.float()
    filters = [p for p in network.parameters() if p.dim() == 4 and p.requires_grad]
    shifts = [m.bias for m in network.modules() if isinstance(m, Norm)]
    rates = [0.053, 0.053, 0.67]
    sgd = torch.optim.SGD([dict(params=p, lr=r, weight_decay=DECAY / r) for p, r in
                           zip(([network.whiten.bias], shifts, [network.head.weight]), rates)], momentum=0.85, nesterov=True)
    momenta = [torch.zeros_like(p) for p in filters]
    generator = torch.Generator().manual_seed(options.seed)
    per_epoch = len(images) // BATCH
    total, step, flipped, times = EPOCHS * per_epoch, 0, None, []
    for epoch in range(EPOCHS):
        prepared, flipped = augment(images, flipped, epoch, generator)
        order = torch.randperm(len(images), generator=generator)
        for k in range(per_epoch):
            begin = time.perf_counter()
            chosen = order[k * BATCH : (k + 1) * BATCH]
            x = prepared[chosen].to(dtype).contiguous(memory_format=torch.channels_last)
            logits = network(x, step < 3 * per_epoch).float()
            loss = functional.cross_entropy(logits, labels[chosen], label_smoothing=0.2, reduction="sum")
            sgd.param_groups[0]["lr"] = rates[0] * max(0, 1 - step / (3 * per_epoch))
            for entry, rate in zip(sgd.param_groups[1:], rates[1:]):
                entry["lr"] = rate * (1 - step / total)
            network.zero_grad(set_to_none=True)
            loss.backward()
            sgd.step()
            with torch.no_grad():
                for p, momentum in zip(filters, momenta):
                    momentum.mul_(0.6).add_(p.grad)
                    p.mul_(p.shape[0] ** 0.5 / p.norm())
                    p.add_(orthogonal(p.grad + 0.6 * momentum, dtype).to(p.dtype), alpha=-0.24 * (1 - step / total))
            step += 1
            times.append(time.perf_counter() - begin)
            if step == options.steps:
                print(f"{sorted(times)[len(times) // 2]:.3f} s a step of {BATCH}")
                return
        print(f"epoch {epoch + 1} loss {loss.item() / BATCH:.3f} test {accuracy(network, test_images, test_labels, dtype, False):.4f} "
              f"{time.perf_counter() - start:.0f} s", flush=True)
    plain = accuracy(network, test_images, test_labels, dtype, False)
    views = accuracy(network, test_images, test_labels, dtype, True)
    print(f"test {plain:.4f}, with views {views:.4f}, {sum(times):.0f} s in {step} steps, {time.perf_counter() - start:.0f} s in all")


main()
