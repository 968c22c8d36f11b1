// SPDX-License-Identifier: Apache-2.0
/// \file
/// The blocks that several families share: convolution, batch norm and activation under a family's conventions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fovea/nn/layers.h"

namespace fovea {

/// Two conventions of aligning windows, each with a set of constants. Weights trained under one lose accuracy under the other.
enum class Convention : uint8_t {
  torch,       ///< kernel / 2 cells of padding on both sides
  tensorflow,  ///< SAME padding, with the odd cell after
};

/// What all convolutions and batch norms of a network have in common.
struct Style {
  Convention convention = Convention::torch;  ///< of padding
  double epsilon = 1e-5;                      ///< of batch norm
  double momentum = 0.9;                      ///< of batch norm as in TensorFlow: the share of the old average that stays
  Activation activation = relu;               ///< after batch norm
  Initializer initializer = initializers::torch_kaiming_fan_out;  ///< of convolutions

  /// The padding of a convolution with this kernel.
  Padding padding(int64_t kernel) const;
};

/// The options of conv_norm.
struct ConvNormOptions {
  int64_t filters = 0;                                 ///< output channels; for a depthwise convolution, those of the input
  int64_t kernel = 1;                                  ///< size of the filters
  int64_t stride = 1;                                  ///< between output positions
  int64_t groups = 1;                                  ///< of channels
  bool depthwise = false;                              ///< a convolution of every channel on its own
  bool bias = false;                                   ///< of the convolution
  std::optional<Activation> activation;                ///< in place of the style's
  Initializer scale_initializer = initializers::ones;  ///< of batch norm
  std::string conv = "0";                              ///< name of the convolution
  std::string norm = "1";                              ///< name of the batch norm
};
/// A convolution, batch norm, and an activation.
Layer conv_norm(const Style& style, ConvNormOptions options);

/// The options of bare_conv.
struct BareConvOptions {
  int64_t filters = 0;     ///< output channels
  int64_t kernel = 1;      ///< size of the filters
  int64_t stride = 1;      ///< between output positions
  int64_t groups = 1;      ///< of channels
  bool depthwise = false;  ///< a convolution of every channel on its own
  bool bias = false;       ///< of the convolution
  std::string name;        ///< name of the layer
};
/// A convolution without batch norm and activation.
Layer bare_conv(const Style& style, BareConvOptions options);

/// The options of norm.
struct NormOptions {
  Activation activation = linear;                      ///< applied last
  Initializer scale_initializer = initializers::ones;  ///< of the scale
  std::string name;                                    ///< name of the layer
};
/// Batch norm with the style's constants.
Layer norm(const Style& style, NormOptions options);

}  // namespace fovea
