// SPDX-License-Identifier: Apache-2.0
/// \file
/// The inverted residual block of mobile networks (Sandler et al. 2018, "MobileNetV2"; with squeeze-excite, Tan et al. 2018 and
/// Hu et al. 2018), and the network that most of them share: a stem, stages of such blocks, and a head.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/models/architectures/blocks.h"

namespace fovea {

/// The names of a convolution and its batch norm within a block.
struct LayerNames {
  std::string conv = "0";  ///< of the convolution
  std::string norm = "1";  ///< of the batch norm
};

/// The options of squeeze_excite.
struct SqueezeExciteOptions {
  int64_t squeezed = 0;          ///< channels in the middle; 0: no such layer
  Activation activation = relu;  ///< in the middle
  Activation gate = sigmoid;     ///< makes the factor of each channel
  std::string reduce = "fc1";    ///< name of the first convolution
  std::string restore = "fc2";   ///< name of the second convolution
};
/// Multiplies each channel by a gate computed from the averages of all channels through a bottleneck of `squeezed` channels (Hu
/// et al. 2018).
Layer squeeze_excite(const Style& style, SqueezeExciteOptions options);

/// The options of inverted_residual.
struct InvertedResidualOptions {
  int64_t filters = 0;      ///< output channels
  int64_t kernel = 3;       ///< size of the depthwise filters
  int64_t stride = 1;       ///< of the depthwise convolution
  int64_t expanded = 0;     ///< channels in the middle; no expansion when they are as many as the input's
  bool fused = false;       ///< one full convolution in place of expansion and depthwise convolution (EfficientNet-EdgeTPU)
  bool skip = true;         ///< whether the input is added where it has the result's shape
  double drop_connect = 0;  ///< rate at which the branch is dropped in training
  SqueezeExciteOptions squeeze;                 ///< squeezed = 0: no squeeze-excite
  Initializer last_scale = initializers::ones;  ///< start of the scale of the last batch norm
  LayerNames expand;                            ///< names of the expansion
  LayerNames depthwise;                         ///< names of the depthwise convolution
  LayerNames project;                           ///< names of the projection
};
/// A 1x1 convolution to `expanded` channels, a depthwise convolution, squeeze-excite, and a 1x1 convolution without activation,
/// with the input added.
Layer inverted_residual(const Style& style, InvertedResidualOptions options);

/// Which library's names the parameters have: torchvision's of one of the families, or timm's.
enum class MobileNames : uint8_t { efficientnet, mobilenet_v2, mnasnet, timm };

/// A row of the table of layers in a paper.
struct MobileStage {
  int64_t kernel = 3;          ///< size of the filters
  int64_t repeats = 1;         ///< blocks of the stage
  int64_t stride = 1;          ///< stride of the first block
  int64_t expansion = 6;       ///< factor from a block's input channels to its middle
  int64_t filters = 0;         ///< output channels
  bool squeeze = false;        ///< squeeze-excite with a quarter of the channels that enter the block
  bool fused = false;          ///< see InvertedResidualOptions
  bool skip = true;            ///< see InvertedResidualOptions
  int64_t expansion_base = 0;  ///< the channels that the first block's expansion multiplies; 0: those that enter
};

/// filters * width, rounded to the nearest multiple of 8, but never below 90% of it.
int64_t scaled_filters(int64_t filters, double width);

/// The options of mobile_network.
struct MobileNetworkOptions {
  Style style;                                          ///< of all layers
  MobileNames names = MobileNames::timm;                ///< whose names the parameters have
  int64_t stem = 32;                                    ///< channels of the first convolution
  std::vector<MobileStage> stages;                      ///< of blocks
  int64_t head = 1280;                                  ///< channels of the last convolution
  int64_t classes = 1000;                               ///< of the logits
  double dropout = 0.2;                                 ///< rate before the classifier
  double drop_connect = 0;                              ///< rate of the last block; block i of n has i / n of it
  bool zero_last_scale = false;                         ///< whether the last scale of every residual branch starts at 0
  Initializer classifier = initializers::normal(0.01);  ///< start of the classifier's weight
};
/// image [batch, height, width, channels] -> logits [batch, classes].
Value mobile_network(Value image, const MobileNetworkOptions& options);

}  // namespace fovea
