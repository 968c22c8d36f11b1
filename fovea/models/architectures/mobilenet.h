// SPDX-License-Identifier: Apache-2.0
// MobileNet 1 (Howard et al. 2017), with TF-slim's names and conventions, 2 (Sandler et al. 2018) and 3 (Howard et al. 2019),
// with torchvision's.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/inverted_residual.h"
#include "fovea/models/registry.h"

namespace fovea {

struct MobileNetV1Options {
  double width = 1;
  int64_t classes = 1001;
  double dropout = 0.001;
  Convention convention = Convention::tensorflow;
};
Value mobilenet_v1(Value image, const MobileNetV1Options& options);

struct MobileNetV2Options {
  double width = 1;
  int64_t classes = 1000;
  double dropout = 0.2;
  bool zero_last_scale = false;
  Convention convention = Convention::torch;
};
Value mobilenet_v2(Value image, const MobileNetV2Options& options);

struct MobileNetV3Options {
  bool large = true;
  double width = 1;
  int64_t classes = 1000;
  double dropout = 0.2;
  bool zero_last_scale = false;
  Convention convention = Convention::torch;
};
Value mobilenet_v3(Value image, const MobileNetV3Options& options);

std::vector<ModelEntry> mobilenet_models();

}  // namespace fovea
