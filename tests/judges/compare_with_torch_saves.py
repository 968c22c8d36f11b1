#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Saves weights with PyTorch in both of its forms and compares what is read from them, bit for bit.

    compare_with_torch_saves.py DUMP_WEIGHTS PROGRAM

Exit status: 0 all agree, 1 something does not, 77 PyTorch is missing.
"""
import collections
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
except ImportError:
    print("no PyTorch here (Debian: python3-torch); nothing was compared")
    sys.exit(77)

FORMS = {"zip": {}, "legacy": {"_use_new_zipfile_serialization": False}, "protocol 4": {"pickle_protocol": 4},
         "legacy, protocol 3": {"_use_new_zipfile_serialization": False, "pickle_protocol": 3}}
failures = 0


def wrong(text):
    global failures
    failures += 1
    print("FAILED:", text)


def read(path):
    """Maps names to (type, shape, bytes)."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return {name: (e["dtype"], e["shape"], data[8 + length + e["data_offsets"][0] : 8 + length + e["data_offsets"][1]]) for name, e in header.items()}


KINDS = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def raw(tensor):
    tensor = tensor.detach().contiguous()
    return tensor.view(torch.int16).numpy().tobytes() if tensor.dtype == torch.bfloat16 else tensor.numpy().tobytes()


def objects():
    """Objects that people save, by name, with the state_dict that is meant."""
    torch.manual_seed(1)
    layers = torch.nn.Sequential(collections.OrderedDict(
        conv=torch.nn.Conv2d(3, 8, 3), norm=torch.nn.BatchNorm2d(8), flat=torch.nn.Flatten(), dense=torch.nn.Linear(8, 5)))
    state = layers.state_dict()
    yield "a state_dict", state, state
    yield "a plain dictionary", dict(state), state
    yield "on its parameters", {name: value for name, value in layers.named_parameters()}, dict(layers.named_parameters())
    base = torch.arange(60, dtype=torch.float32)
    views = {"part": base[7:19], "turned": base.view(5, 12).t(), "apart": base[::5], "expanded": base[:3].expand(4, 3), "scalar": torch.tensor(3.5),
             "nothing": torch.zeros(0, 4), "permuted": base.view(3, 4, 5).permute(2, 0, 1), "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)}
    yield "views of one storage", views, views
    kinds = {str(kind): (torch.randn(7, 3) * 50).to(kind) for kind in KINDS}
    yield "every type", kinds, kinds
    optimizer = torch.optim.Adam(layers.parameters(), amsgrad=True)
    layers.train()(torch.randn(4, 3, 3, 3)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 7])
    state = layers.state_dict()
    yield "a checkpoint", {"epoch": 7, "arch": "none", "best": 0.25, "big": 1 << 70, "negative": -(1 << 40), "none": None, "sizes": torch.Size([1, 2]),
                           "kind": torch.float16, "device": torch.device("cpu"), "set": {1, 2}, "flags": [True, False, (1,), b"raw"],
                           "optimizer": optimizer.state_dict(), "scheduler": schedule.state_dict(), "state_dict": state}, state
    averages = torch.optim.swa_utils.AveragedModel(layers).state_dict()
    yield "beside its averages", {"model_ema": averages, "model": state}, state
    yield "averages", averages, averages


def compare(dump, folder):
    for title, saved, wanted in objects():
        for form, options in FORMS.items():
            path, out = os.path.join(folder, "w.pth"), os.path.join(folder, "out.safetensors")
            torch.save(saved, path, **options)
            done = subprocess.run([dump, path, out], capture_output=True, text=True)
            if done.returncode != 0:
                wrong(f"{title}, {form}: {done.stderr.strip()}")
                continue
            got = read(out)
            if set(got) != set(wanted):
                wrong(f"{title}, {form}: {sorted(got)} for {sorted(wanted)}")
                continue
            for name, tensor in wanted.items():
                if got[name] != (KINDS[tensor.dtype], list(tensor.shape), raw(tensor)):
                    wrong(f"{title}, {form}: {name} differs")


class Harmful:
    def __reduce__(self):
        return os.system, ("touch harmed",)


def refuse(dump, folder):
    for title, saved, said in [("code", {"w": Harmful()}, "system"), ("a module", torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
                               ("numpy", {"w": numpy.zeros(3)}, "numpy"), ("complex", {"w": torch.zeros(2, dtype=torch.complex64)}, "ComplexFloat"),
                               ("sparse", {"w": torch.eye(3).to_sparse()}, "_rebuild_sparse"),
                               ("quantized", {"w": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)}, "_rebuild_qtensor")]:
        for form, options in FORMS.items():
            path = os.path.join(folder, "w.pth")
            torch.save(saved, path, **options)
            done = subprocess.run([dump, path, os.path.join(folder, "none")], capture_output=True, text=True, cwd=folder)
            if done.returncode != 1 or said not in done.stderr or "w.pth" not in done.stderr or done.stderr.count("\n") != 1:
                wrong(f"{title}, {form}: {done.returncode} {done.stderr}")
    if os.path.exists(os.path.join(folder, "harmed")):
        wrong("something was executed")


def run(program, folder):
    """The program's answers with weights of each kind of file and prefix."""
    summary = subprocess.run([program, "export", "mnist-mlp", "-o", "w.safetensors"], capture_output=True, cwd=folder)
    shapes = {name: shape for name, (_, shape, _) in read(os.path.join(folder, "w.safetensors")).items()} if summary.returncode == 0 else {}
    state = {name: torch.randn(shape, dtype=torch.float64) / 10 for name, shape in shapes.items()}
    images = numpy.random.default_rng(1).random((3, 28, 28, 1)).astype(numpy.float32)
    numpy.save(os.path.join(folder, "x.npy"), images)
    x = torch.from_numpy(images).flatten(1)
    for i in range(1, 1 + len(state) // 2):
        x = torch.nn.functional.linear(x, state[f"dense{i}.weight"].float(), state[f"dense{i}.bias"].float())
        x = torch.relu(x) if i < len(state) // 2 else x
    for prefix in ["", "module.", "_orig_mod.", "model.", "module._orig_mod.", "model.module."]:
        for form, options in FORMS.items():
            for kind in (torch.float32, torch.float64):
                torch.save({"state_dict": {prefix + name: value.to(kind) for name, value in state.items()}}, os.path.join(folder, "w.bin"), **options)
                done = subprocess.run([program, "run", "mnist-mlp", "--weights", "w.bin", "--input", "x.npy", "--output", "y.npy"], capture_output=True, text=True, cwd=folder)
                if done.returncode != 0:
                    wrong(f"prefix \"{prefix}\", {form}: {done.stderr.strip()}")
                elif not numpy.allclose(numpy.load(os.path.join(folder, "y.npy")), x.numpy(), atol=1e-5):
                    wrong(f"prefix \"{prefix}\", {form}, {kind}: other answers")


def main():
    with tempfile.TemporaryDirectory() as folder:
        compare(os.path.abspath(sys.argv[1]), folder)
        refuse(os.path.abspath(sys.argv[1]), folder)
        run(os.path.abspath(sys.argv[2]), folder)
    print("all right" if failures == 0 else f"{failures} failed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
