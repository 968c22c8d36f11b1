// SPDX-License-Identifier: Apache-2.0
/// \file
/// ShuffleNet 2: Ma et al. 2018, "ShuffleNet V2: practical guidelines for efficient CNN architecture design". Parameters have
/// torchvision's names.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of shufflenet_v2.
struct ShuffleNetOptions {
  std::array<int64_t, 4> filters{116, 232, 464, 1024};  ///< of the stages and of the head
  int64_t classes = 1000;                               ///< of the logits
};
/// Stages of 4, 8 and 4 units between a stem of 24 channels and a 1x1 head. image [batch, height, width, 3] -> logits [batch,
/// classes].
Value shufflenet_v2(Value image, const ShuffleNetOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> shufflenet_models();

}  // namespace fovea
