// SPDX-License-Identifier: Apache-2.0
/// \file
/// DenseNet: Huang et al. 2016, "Densely connected convolutional networks". Parameters have torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of densenet.
struct DenseNetOptions {
  std::vector<int64_t> repeats{6, 12, 24, 16};  ///< layers of each block
  int64_t growth = 32;                          ///< channels that each layer adds
  int64_t classes = 1000;                       ///< of the logits
};
/// Each layer reads all earlier ones of its block; between blocks, channels and extents are halved. image [batch, height,
/// width, 3] -> logits [batch, classes].
Value densenet(Value image, const DenseNetOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> densenet_models();

}  // namespace fovea
