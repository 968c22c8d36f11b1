# SPDX-License-Identifier: Apache-2.0
"""Images per second of torchvision's usual training pipeline alone.

usage: torchvision_data.py DIR SIZE BATCH WORKERS SECONDS   prints one number; DIR contains a folder for each class
"""
import sys
import time

import torch
from torchvision import transforms
from torchvision.datasets import ImageFolder

folder, size, batch, workers, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
torch.set_num_threads(1)
pipeline = transforms.Compose([
    transforms.RandomResizedCrop(size),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])


def batches():
    loader = torch.utils.data.DataLoader(ImageFolder(folder, pipeline), batch_size=batch, shuffle=True, num_workers=workers,
                                         drop_last=True, persistent_workers=True)
    while True:
        yield from loader


stream = batches()
for _ in range(4):
    next(stream)
images, start = 0, time.perf_counter()
while time.perf_counter() - start < seconds:
    images += len(next(stream)[1])
print(images / (time.perf_counter() - start))
