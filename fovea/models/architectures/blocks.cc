// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/blocks.h"

namespace fovea {

Padding Style::padding(int64_t kernel) const {
  return convention == Convention::tensorflow ? Padding(same) : Padding(static_cast<int>(kernel / 2));
}

Layer bare_conv(const Style& style, BareConvOptions options) {
  const Padding padding = style.padding(options.kernel);
  if (options.depthwise) {
    return depthwise_conv({.kernel = options.kernel,
                           .stride = options.stride,
                           .padding = padding,
                           .bias = options.bias,
                           .initializer = style.initializer,
                           .name = options.name});
  }
  return conv({.filters = options.filters,
               .kernel = options.kernel,
               .stride = options.stride,
               .groups = options.groups,
               .padding = padding,
               .bias = options.bias,
               .initializer = style.initializer,
               .name = options.name});
}

Layer norm(const Style& style, NormOptions options) {
  return batch_norm({.momentum = style.momentum,
                     .epsilon = style.epsilon,
                     .activation = options.activation,
                     .scale_initializer = options.scale_initializer,
                     .name = options.name});
}

Layer conv_norm(const Style& style, ConvNormOptions options) {
  return bare_conv(style, {.filters = options.filters,
                           .kernel = options.kernel,
                           .stride = options.stride,
                           .groups = options.groups,
                           .depthwise = options.depthwise,
                           .bias = options.bias,
                           .name = options.conv}) |
         norm(style, {.activation = options.activation.value_or(style.activation),
                      .scale_initializer = options.scale_initializer,
                      .name = options.norm});
}

}  // namespace fovea
