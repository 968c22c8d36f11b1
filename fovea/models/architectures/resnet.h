// SPDX-License-Identifier: Apache-2.0
/// \file
/// Residual networks: He et al. 2015, "Deep residual learning for image recognition", and 2016, "Identity mappings in deep
/// residual networks"; wide residual networks, Zagoruyko and Komodakis 2016; ResNeXt, Xie et al. 2017. Parameters have
/// torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/blocks.h"
#include "fovea/models/registry.h"

namespace fovea {

/// Two 3x3 convolutions, or 1x1, 3x3 and 1x1.
enum class ResNetBlock : uint8_t { basic, bottleneck };
/// 7x7 with stride 2 and a pool, for 224 pixels; or 3x3, for 32 pixels.
enum class ResNetStem : uint8_t { large, small };

/// The options of resnet.
struct ResNetOptions {
  ResNetBlock block = ResNetBlock::bottleneck;  ///< what each stage consists of
  /// Blocks of the four stages, which have 64, 128, 256 and 512 filters; a bottleneck has four times as many outputs.
  std::vector<int64_t> repeats{3, 4, 6, 3};
  int64_t classes = 1000;                     ///< of the logits
  ResNetStem stem = ResNetStem::large;        ///< the first layers
  bool stride_in_first = false;               ///< v1: a bottleneck's stride is in its first 1x1; v1.5: in its 3x3
  bool preactivation = false;                 ///< v2: batch norm and relu before each convolution
  int64_t groups = 1;                         ///< of the 3x3 convolution of a bottleneck
  int64_t group_width = 64;                   ///< channels of each of those groups, where the stage has 64 filters
  bool zero_last_scale = false;               ///< whether the last scale of every residual branch starts at 0
  Convention convention = Convention::torch;  ///< tensorflow: the pool, projections and initializers of the TPU implementation
};
/// image [batch, height, width, 3] -> logits [batch, classes].
Value resnet(Value image, const ResNetOptions& options);

/// The options of cifar_resnet.
struct CifarResNetOptions {
  int64_t repeats = 3;   ///< blocks of each stage; the depth is 6 * repeats + 2
  int64_t classes = 10;  ///< of the logits
  /// Shortcuts with projections (option B of the paper) in place of shortcuts without parameters (option A).
  bool projections = false;
  bool zero_last_scale = false;  ///< whether the last scale of every residual branch starts at 0
};
/// The network for 32 pixels: three stages of basic blocks with 16, 32 and 64 filters. image [batch, 32, 32, 3] -> logits
/// [batch, classes].
Value cifar_resnet(Value image, const CifarResNetOptions& options);

/// The options of cifar_wide_resnet.
struct WideResNetOptions {
  int64_t depth = 28;    ///< of the network; each stage has (depth - 4) / 6 blocks
  int64_t width = 10;    ///< a factor on the channels
  int64_t classes = 10;  ///< of the logits
  double dropout = 0;    ///< rate between the convolutions of a block
};
/// WRN-depth-width: pre-activation basic blocks of 16, 32 and 64 times `width` filters. image [batch, 32, 32, 3] -> logits
/// [batch, classes].
Value cifar_wide_resnet(Value image, const WideResNetOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> resnet_models();

}  // namespace fovea
