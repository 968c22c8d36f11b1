// SPDX-License-Identifier: Apache-2.0
/// \file
/// EfficientNet: Tan and Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks", and its variants
/// EfficientNet-Lite and EfficientNet-EdgeTPU (Gupta and Tan 2019), made for 8-bit accelerators.
///
/// The B networks have torchvision's names and by default its conventions, Lite and EdgeTPU have timm's names and TensorFlow's
/// conventions.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/inverted_residual.h"
#include "fovea/models/registry.h"

namespace fovea {

/// The three base networks.
enum class EfficientNetKind : uint8_t { b, lite, edge_tpu };

/// The options of efficientnet: compound scaling of one base network of each kind.
struct EfficientNetOptions {
  EfficientNetKind kind = EfficientNetKind::b;  ///< which base network
  double width = 1;                             ///< a factor on the channels
  double depth = 1;                             ///< a factor on the repeats
  int64_t classes = 1000;                       ///< of the logits
  double dropout = 0.2;                         ///< rate before the classifier
  double drop_connect = 0.2;                    ///< rate of the last residual branch
  bool zero_last_scale = false;                 ///< whether the last scale of every residual branch starts at 0
  Convention convention = Convention::torch;    ///< padding, constants and initializers
  double torch_epsilon = 1e-5;  ///< of batch norm under torch's convention, where torchvision's differs from B5 on
  double torch_momentum = 0.9;  ///< the same for the momentum
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value efficientnet(Value image, const EfficientNetOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> efficientnet_models();

}  // namespace fovea
