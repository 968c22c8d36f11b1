// SPDX-License-Identifier: Apache-2.0
/// \file
/// MNASNet: Tan et al. 2018, "MnasNet: platform-aware neural architecture search for mobile". B1 (mnasnet-1.0) has
/// torchvision's names and conventions; A1, which has squeeze-excite, and the small network have timm's names and TensorFlow's
/// conventions.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/inverted_residual.h"
#include "fovea/models/registry.h"

namespace fovea {

/// The three networks of the paper.
enum class MnasNetKind : uint8_t { b1, a1, small };

/// The options of mnasnet.
struct MnasNetOptions {
  MnasNetKind kind = MnasNetKind::b1;         ///< which network
  double width = 1;                           ///< a factor on all channels except the head's 1280
  int64_t classes = 1000;                     ///< of the logits
  double dropout = 0.2;                       ///< rate before the classifier
  bool zero_last_scale = false;               ///< whether the last scale of every residual branch starts at 0
  Convention convention = Convention::torch;  ///< padding, constants and initializers
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value mnasnet(Value image, const MnasNetOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> mnasnet_models();

}  // namespace fovea
