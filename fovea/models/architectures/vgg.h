// SPDX-License-Identifier: Apache-2.0
// VGG: Simonyan and Zisserman 2014, "Very deep convolutional networks for large-scale image recognition". torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

// Five stages of 3x3 convolutions, 64, 128, 256, 512 and 512 filters, a pool after each; two dense layers of 4096.
struct VggOptions {
  std::vector<int64_t> repeats{2, 2, 3, 3, 3};
  bool batch_norm = false;
  int64_t classes = 1000;
  double dropout = 0.5;
};
Value vgg(Value image, const VggOptions& options);

std::vector<ModelEntry> vgg_models();

}  // namespace fovea
