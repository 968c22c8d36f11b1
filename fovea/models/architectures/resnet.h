// SPDX-License-Identifier: Apache-2.0
// Residual networks: He et al. 2015, "Deep residual learning for image recognition" and 2016, "Identity mappings in deep
// residual networks"; wide ones, Zagoruyko and Komodakis 2016; ResNeXt, Xie et al. 2017. Parameters have torchvision's names.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/architectures/blocks.h"
#include "fovea/models/registry.h"

namespace fovea {

enum class ResNetBlock : uint8_t { basic, bottleneck };
enum class ResNetStem : uint8_t { large, small };  // 7x7 / 2 and a pool, for 224 pixels; 3x3 for 32 pixels

// Four stages of 64, 128, 256 and 512 filters (bottlenecks deliver four times as many).
struct ResNetOptions {
  ResNetBlock block = ResNetBlock::bottleneck;
  std::vector<int64_t> repeats{3, 4, 6, 3};
  int64_t classes = 1000;
  ResNetStem stem = ResNetStem::large;
  bool stride_in_first = false;               // v1: a bottleneck's stride is in its first 1x1; v1.5: in its 3x3
  bool preactivation = false;                 // v2: norm and relu before each convolution
  int64_t groups = 1;                         // of the 3x3 of a bottleneck
  int64_t group_width = 64;                   // its channels a group, where the stage has 64 filters
  bool zero_last_scale = false;               // every residual branch starts as nothing
  Convention convention = Convention::torch;  // tensorflow: the TPU implementation's pool, projections and initializers
};
Value resnet(Value image, const ResNetOptions& options);

// For 32 pixels: three stages of `repeats` basic blocks, 16, 32 and 64 filters; depth 6 * repeats + 2. Shortcuts without
// parameters (option A of the paper), or with projections (option B).
struct CifarResNetOptions {
  int64_t repeats = 3;
  int64_t classes = 10;
  bool projections = false;
  bool zero_last_scale = false;
};
Value cifar_resnet(Value image, const CifarResNetOptions& options);

// WRN-depth-width: pre-activation basic blocks of 16, 32 and 64 times `width` filters, (depth - 4) / 6 a stage.
struct WideResNetOptions {
  int64_t depth = 28;
  int64_t width = 10;
  int64_t classes = 10;
  double dropout = 0;  // between the convolutions of a block
};
Value cifar_wide_resnet(Value image, const WideResNetOptions& options);

std::vector<ModelEntry> resnet_models();

}  // namespace fovea
