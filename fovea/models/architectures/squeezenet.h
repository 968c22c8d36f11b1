// SPDX-License-Identifier: Apache-2.0
// SqueezeNet: Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters". torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

struct SqueezeNetOptions {
  bool slim = false;  // 1.1: a smaller stem and earlier pools, 2.4 times less work
  int64_t classes = 1000;
  double dropout = 0.5;
};
Value squeezenet(Value image, const SqueezeNetOptions& options);

std::vector<ModelEntry> squeezenet_models();

}  // namespace fovea
