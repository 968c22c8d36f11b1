// SPDX-License-Identifier: Apache-2.0
/// \file
/// MobileNet 1 (Howard et al. 2017) with TF-slim's names and conventions; 2 (Sandler et al. 2018) and 3 (Howard et al. 2019)
/// with torchvision's.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/inverted_residual.h"
#include "fovea/models/registry.h"

namespace fovea {

/// The options of mobilenet_v1.
struct MobileNetV1Options {
  double width = 1;                                ///< a factor on the channels
  int64_t classes = 1001;                          ///< of the logits; class 0 is the background
  double dropout = 0.001;                          ///< rate before the classifier
  Convention convention = Convention::tensorflow;  ///< padding, constants and initializers
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value mobilenet_v1(Value image, const MobileNetV1Options& options);

/// The options of mobilenet_v2.
struct MobileNetV2Options {
  double width = 1;                           ///< a factor on the channels
  int64_t classes = 1000;                     ///< of the logits
  double dropout = 0.2;                       ///< rate before the classifier
  bool zero_last_scale = false;               ///< whether the last scale of every residual branch starts at 0
  Convention convention = Convention::torch;  ///< padding, constants and initializers
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value mobilenet_v2(Value image, const MobileNetV2Options& options);

/// The options of mobilenet_v3.
struct MobileNetV3Options {
  bool large = true;                          ///< the large network of the paper, or the small one
  double width = 1;                           ///< a factor on the channels
  int64_t classes = 1000;                     ///< of the logits
  double dropout = 0.2;                       ///< rate before the classifier
  bool zero_last_scale = false;               ///< whether the last scale of every residual branch starts at 0
  Convention convention = Convention::torch;  ///< padding, constants and initializers
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value mobilenet_v3(Value image, const MobileNetV3Options& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> mobilenet_models();

}  // namespace fovea
