// SPDX-License-Identifier: Apache-2.0
// Batch norm and other arithmetic by channel becomes part of the convolution or dense layer before it, by value.
#pragma once

#include "fovea/graph/inference_model.h"

namespace fovea {

struct FoldingOptions {
  // What is left of a norm on maps [batch, height, width, channels], because no convolution comes before it (pre-activation
  // networks): a depthwise 1x1 convolution with a bias, which integers compute exactly channel by channel, in place of a
  // multiplication and an addition.
  bool norms_as_convolutions = false;
};

// The same function without batch norms, running statistics and constants: a filter is multiplied by scale / sqrt(variance +
// epsilon), what is left is a bias (Jacob et al. 2018, section 3.2). Products and sums with a number, or one a channel, are
// folded alike. A layer keeps the names of its filter and bias; a new bias is called as the filter with "bias" for "weight".
// Arguments of the result are inputs and parameters only. Operators that no result needs are left out. In double precision.
InferenceModel folded(const InferenceModel& model, FoldingOptions options = {});

}  // namespace fovea
