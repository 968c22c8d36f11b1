// SPDX-License-Identifier: Apache-2.0
/// \file
/// Folds batch norm and other arithmetic by channel into the convolution or dense layer before it, by value.
#pragma once

#include "fovea/graph/inference_model.h"

namespace fovea {

/// How a model is folded.
struct FoldingOptions {
  /// What to do with a norm on maps [batch, height, width, channels] that has no convolution before it (pre-activation
  /// networks): replaces it by a depthwise 1x1 convolution with a bias, which integers compute exactly channel by channel,
  /// instead of by a multiplication and an addition.
  bool norms_as_convolutions = false;
};

/// The same function without batch norms, running statistics and constants: a filter is multiplied by scale / sqrt(variance +
/// epsilon), and a bias remains (Jacob et al. 2018, section 3.2). Products and sums with one number, or one for each channel,
/// are folded, too. A layer keeps the names of its filter and bias; a new bias has the filter's name with "bias" in place of
/// "weight". The result's arguments are inputs and parameters only, and operators without use are removed. It is computed in
/// double precision.
InferenceModel folded(const InferenceModel& model, FoldingOptions options = {});

}  // namespace fovea
