// SPDX-License-Identifier: Apache-2.0
// Xception: Chollet 2016, "Xception: deep learning with depthwise separable convolutions". The names of timm's port.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

struct XceptionOptions {
  int64_t classes = 1000;
  double dropout = 0;
  Convention convention = Convention::torch;
};
Value xception(Value image, const XceptionOptions& options);

std::vector<ModelEntry> xception_models();

}  // namespace fovea
