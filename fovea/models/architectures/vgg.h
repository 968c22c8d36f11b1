// SPDX-License-Identifier: Apache-2.0
/// \file
/// VGG: Simonyan and Zisserman 2014, "Very deep convolutional networks for large-scale image recognition". Parameters have
/// torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of vgg.
struct VggOptions {
  std::vector<int64_t> repeats{2, 2, 3, 3, 3};  ///< convolutions of the five stages
  bool batch_norm = false;                      ///< after each convolution
  int64_t classes = 1000;                       ///< of the logits
  double dropout = 0.5;                         ///< rate after the dense layers
};
/// Five stages of 3x3 convolutions with 64, 128, 256, 512 and 512 filters, each with a pool at its end, and two dense layers of
/// 4096 units. image [batch, height, width, 3] -> logits [batch, classes].
Value vgg(Value image, const VggOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> vgg_models();

}  // namespace fovea
