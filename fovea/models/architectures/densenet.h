// SPDX-License-Identifier: Apache-2.0
// DenseNet: Huang et al. 2016, "Densely connected convolutional networks". torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

// Every layer reads all earlier ones of its block and adds `growth` channels; between blocks channels and extents are halved.
struct DenseNetOptions {
  std::vector<int64_t> repeats{6, 12, 24, 16};
  int64_t growth = 32;
  int64_t classes = 1000;
};
Value densenet(Value image, const DenseNetOptions& options);

std::vector<ModelEntry> densenet_models();

}  // namespace fovea
