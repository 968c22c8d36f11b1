// SPDX-License-Identifier: Apache-2.0
// What the networks of several families are built of: convolution, batch norm and activation under a family's conventions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fovea/nn/layers.h"

namespace fovea {

// Two ways to align windows, with a set of constants each; a file trained under one loses accuracy under the other.
enum class Convention : uint8_t {
  torch,       // kernel / 2 of padding on both sides
  tensorflow,  // SAME: what is needed, the odd one after
};

// What all convolutions and batch norms of a network have in common.
struct Style {
  Convention convention = Convention::torch;
  double epsilon = 1e-5;
  double momentum = 0.9;  // TensorFlow's: the share of the old average that stays
  Activation activation = relu;
  Initializer initializer = initializers::torch_kaiming_fan_out;

  Padding padding(int64_t kernel) const;
};

// A convolution without bias, or with `depthwise` one of every channel alone; batch norm; the style's activation or its own.
struct ConvNormOptions {
  int64_t filters = 0;  // as many as there are channels if depthwise
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t groups = 1;
  bool depthwise = false;
  bool bias = false;
  std::optional<Activation> activation;
  Initializer scale_initializer = initializers::ones;
  std::string conv = "0";  // the layers' names
  std::string norm = "1";
};
Layer conv_norm(const Style& style, ConvNormOptions options);

// The same without batch norm, and without activation.
struct BareConvOptions {
  int64_t filters = 0;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t groups = 1;
  bool depthwise = false;
  bool bias = false;
  std::string name;
};
Layer bare_conv(const Style& style, BareConvOptions options);

// The style's batch norm.
struct NormOptions {
  Activation activation = linear;
  Initializer scale_initializer = initializers::ones;
  std::string name;
};
Layer norm(const Style& style, NormOptions options);

}  // namespace fovea
