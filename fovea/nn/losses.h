// SPDX-License-Identifier: Apache-2.0
// Losses: [] f32, means over all images (and over all elements where there are several an image).
#pragma once

#include "fovea/nn/value.h"

namespace fovea {

// logits [batch, classes], label [batch] i32. With label smoothing s the target is 1 - s + s / classes for the label and s /
// classes elsewhere (Szegedy et al. 2016). The logits must not have been through a softmax.
struct CrossEntropyOptions {
  double label_smoothing = 0;
};
Value softmax_cross_entropy(Value logits, Value label, CrossEntropyOptions options = {});

// Of images mixed in pairs (mixup, Zhang et al. 2018; CutMix, Yun et al. 2019): the target of each is label_weight times that
// of its label and the rest times that of its second label. label_weight [batch] f32.
struct MixedLabels {
  Value label, second_label, label_weight;
};
Value softmax_cross_entropy(Value logits, const MixedLabels& labels, CrossEntropyOptions options = {});

// logits and target (0..1) of one shape.
Value sigmoid_cross_entropy(Value logits, Value target);

// Of one shape each.
Value mean_squared_error(Value prediction, Value target);
struct HuberOptions {
  double delta = 1;  // quadratic below, linear above (Huber 1964)
};
Value huber(Value prediction, Value target, HuberOptions options = {});

}  // namespace fovea
