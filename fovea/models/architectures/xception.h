// SPDX-License-Identifier: Apache-2.0
/// \file
/// Xception: Chollet 2016, "Xception: deep learning with depthwise separable convolutions". Parameters have the names of timm's
/// port.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of xception.
struct XceptionOptions {
  int64_t classes = 1000;                     ///< of the logits
  double dropout = 0;                         ///< rate before the classifier
  Convention convention = Convention::torch;  ///< padding, constants and initializers
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value xception(Value image, const XceptionOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> xception_models();

}  // namespace fovea
