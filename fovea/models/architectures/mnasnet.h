// SPDX-License-Identifier: Apache-2.0
// MNASNet: Tan et al. 2018, "MnasNet: platform-aware neural architecture search for mobile". B1 (mnasnet-1.0) has torchvision's
// names and conventions; A1, with squeeze-excite, and the small one timm's names and TensorFlow's conventions.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/inverted_residual.h"
#include "fovea/models/registry.h"

namespace fovea {

enum class MnasNetKind : uint8_t { b1, a1, small };

struct MnasNetOptions {
  MnasNetKind kind = MnasNetKind::b1;
  double width = 1;  // a factor on all channels but the head's 1280
  int64_t classes = 1000;
  double dropout = 0.2;
  bool zero_last_scale = false;
  Convention convention = Convention::torch;
};
Value mnasnet(Value image, const MnasNetOptions& options);

std::vector<ModelEntry> mnasnet_models();

}  // namespace fovea
