// SPDX-License-Identifier: Apache-2.0
/// \file
/// SqueezeNet: Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters". Parameters have
/// torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of squeezenet.
struct SqueezeNetOptions {
  bool slim = false;       ///< version 1.1: a smaller stem and earlier pools, 2.4 times fewer multiply-accumulates
  int64_t classes = 1000;  ///< of the logits
  double dropout = 0.5;    ///< rate before the classifier
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value squeezenet(Value image, const SqueezeNetOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> squeezenet_models();

}  // namespace fovea
