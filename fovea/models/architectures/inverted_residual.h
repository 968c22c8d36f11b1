// SPDX-License-Identifier: Apache-2.0
// The block of mobile networks (Sandler et al. 2018, "MobileNetV2"; with squeeze-excite, Tan et al. 2018 and Hu et al. 2018),
// and the network that most of them are: a stem, stages of such blocks, a head.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/models/architectures/blocks.h"

namespace fovea {

struct LayerNames {
  std::string conv = "0", norm = "1";
};

// Hu et al. 2018: every channel times a gate made of all channels' averages, through a waist of `squeezed` channels.
struct SqueezeExciteOptions {
  int64_t squeezed = 0;
  Activation activation = relu;  // in the waist
  Activation gate = sigmoid;
  std::string reduce = "fc1", restore = "fc2";
};
Layer squeeze_excite(const Style& style, SqueezeExciteOptions options);

// A 1x1 convolution to `expanded` channels (absent where as many enter), a depthwise one, squeeze-excite, a 1x1 convolution
// without activation; the input is added where it has the result's shape.
struct InvertedResidualOptions {
  int64_t filters = 0;
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t expanded = 0;
  bool fused = false;  // one full 3x3 convolution in place of expansion and depthwise (EfficientNet-EdgeTPU)
  bool skip = true;
  double drop_connect = 0;
  SqueezeExciteOptions squeeze;  // squeezed = 0: none
  Initializer last_scale = initializers::ones;
  LayerNames expand, depthwise, project;
};
Layer inverted_residual(const Style& style, InvertedResidualOptions options);

// Whose names the parameters have: torchvision's of each family, or timm's.
enum class MobileNames : uint8_t { efficientnet, mobilenet_v2, mnasnet, timm };

// A row of a paper's table.
struct MobileStage {
  int64_t kernel = 3, repeats = 1, stride = 1, expansion = 6, filters = 0;
  bool squeeze = false;  // to a quarter of the channels that enter the block
  bool fused = false;
  bool skip = true;
  int64_t expansion_base = 0;  // the channels that the first block's expansion multiplies; 0: those that enter
};

// filters * width to the nearest multiple of 8, never below 90% of it.
int64_t scaled_filters(int64_t filters, double width);

struct MobileNetworkOptions {
  Style style;
  MobileNames names = MobileNames::timm;
  int64_t stem = 32;
  std::vector<MobileStage> stages;
  int64_t head = 1280;
  int64_t classes = 1000;
  double dropout = 0.2;
  double drop_connect = 0;  // of the last block; block i of n has i / n of it
  bool zero_last_scale = false;
  Initializer classifier = initializers::normal(0.01);
};
Value mobile_network(Value image, const MobileNetworkOptions& options);

}  // namespace fovea
