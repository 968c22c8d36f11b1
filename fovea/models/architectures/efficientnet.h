// SPDX-License-Identifier: Apache-2.0
// EfficientNet: Tan and Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks"; its relatives
// EfficientNet-Lite and EfficientNet-EdgeTPU (Gupta and Tan 2019), made for eight-bit accelerators.
//
// The B networks have torchvision's names and by default its conventions, Lite and EdgeTPU timm's names and TensorFlow's.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/inverted_residual.h"
#include "fovea/models/registry.h"

namespace fovea {

enum class EfficientNetKind : uint8_t { b, lite, edge_tpu };

// Compound scaling of the one base network of each kind.
struct EfficientNetOptions {
  EfficientNetKind kind = EfficientNetKind::b;
  double width = 1;  // a factor on the filters
  double depth = 1;  // a factor on the repeats
  int64_t classes = 1000;
  double dropout = 0.2;
  double drop_connect = 0.2;
  bool zero_last_scale = false;
  Convention convention = Convention::torch;
  double torch_epsilon = 1e-5;  // of batch norm under torch's convention; torchvision has other ones from B5 on
  double torch_momentum = 0.9;
};
Value efficientnet(Value image, const EfficientNetOptions& options);

std::vector<ModelEntry> efficientnet_models();

}  // namespace fovea
