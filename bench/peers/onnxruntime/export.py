# SPDX-License-Identifier: Apache-2.0
"""A network of torchvision as an ONNX file for images of 224 x 224, with random weights: export.py NAME BATCH FILE"""
import sys
import warnings

import torch
import torchvision

name, batch, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
warnings.filterwarnings("ignore")
torch.manual_seed(1)
model = getattr(torchvision.models, name)(weights=None).eval()
torch.onnx.export(model, torch.randn(batch, 3, 224, 224), path, opset_version=13, input_names=["image"], output_names=["logits"])
