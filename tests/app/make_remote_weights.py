#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weights as a server would have them, and their catalog: make_remote_weights.py FILE.safetensors FOLDER BASE_URL MODEL KEYS

FOLDER gets the file and the same tensors as torch.save writes them (a zip file with a pickle), named after the beginnings of their
checksums; FOLDER/weights.toml tells of both at BASE_URL, as MODEL@safetensors and MODEL@pth, with KEYS (TOML lines) each.
"""
import collections
import hashlib
import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile

source, folder, base, model, keys = sys.argv[1:]
with open(source, "rb") as file:
    whole = file.read()
length = struct.unpack("<Q", whole[:8])[0]
header, data = json.loads(whole[8:8 + length]), whole[8 + length:]

# What a pickle of PyTorch names, as much as is needed to write the names down.
torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
sys.modules.update({"torch": torch, "torch._utils": utils})


class FloatStorage:
    __module__, __qualname__ = "torch", "FloatStorage"


def _rebuild_tensor_v2():
    pass


_rebuild_tensor_v2.__module__ = "torch._utils"
torch.FloatStorage, utils._rebuild_tensor_v2 = FloatStorage, _rebuild_tensor_v2


class Storage:
    def __init__(self, key, count):
        self.key, self.count = key, count


class Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, tuple(shape)

    def __reduce__(self):
        strides, step = [], 1
        for extent in reversed(self.shape):
            strides.insert(0, step)
            step *= extent
        return (_rebuild_tensor_v2, (self.storage, 0, self.shape, tuple(strides), False, collections.OrderedDict()))


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return ("storage", FloatStorage, value.key, "cpu", value.count) if isinstance(value, Storage) else None


state, storages = collections.OrderedDict(), {}
for number, (name, entry) in enumerate((item for item in header.items() if item[0] != "__metadata__")):
    assert entry["dtype"] == "F32"
    begin, end = entry["data_offsets"]
    storages[str(number)] = data[begin:end]
    state[name] = Tensor(Storage(str(number), (end - begin) // 4), entry["shape"])
pickled = io.BytesIO()
Pickler(pickled, protocol=2).dump(state)
pth = io.BytesIO()
with zipfile.ZipFile(pth, "w") as archive:
    archive.writestr("archive/data.pkl", pickled.getvalue())
    for key, content in storages.items():
        archive.writestr(f"archive/data/{key}", content)
    archive.writestr("archive/version", "3\n")

catalog = ""
for kind, content in (("safetensors", whole), ("pth", pth.getvalue())):
    checksum = hashlib.sha256(content).hexdigest()
    digits = checksum if kind == "safetensors" else checksum[:8]  # a whole one, and what names of files bear
    name = f"{model.replace('-', '_')}-{checksum[:8]}.{kind}"
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)
    size = len(content) if kind == "safetensors" else round(len(content), -4)
    catalog += (f'["{model}@{kind}"]\nmodel = "{model}"\naddress = "{base}/{name}"\nsha256 = "{digits}"\nbytes = {size}\n'
                f'license = "Apache-2.0"\ntop1 = 71.5\n{keys}\n\n')
    print(name)
with open(os.path.join(folder, "weights.toml"), "w") as file:
    file.write(catalog)
