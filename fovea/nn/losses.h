// SPDX-License-Identifier: Apache-2.0
/// \file
/// Losses. Each is a scalar [] f32, the mean over all images, and over all elements where an image has several.
#pragma once

#include "fovea/nn/value.h"

namespace fovea {

/// The options of softmax_cross_entropy.
struct CrossEntropyOptions {
  /// S: the target is 1 - s + s / classes for the label and s / classes elsewhere (Szegedy et al. 2016).
  double label_smoothing = 0;
};
/// The cross-entropy of logits [batch, classes] and label [batch] i32. The logits must not have been through a softmax.
Value softmax_cross_entropy(Value logits, Value label, CrossEntropyOptions options = {});

/// The labels of images that are mixed in pairs (mixup, Zhang et al. 2018; CutMix, Yun et al. 2019).
struct MixedLabels {
  Value label;         ///< of the first image, [batch] i32
  Value second_label;  ///< of the second image, [batch] i32
  Value label_weight;  ///< share of the first image, [batch] f32
};
/// The cross-entropy with a mixed target: label_weight times the target of `label`, plus 1 - label_weight times that of
/// `second_label`.
Value softmax_cross_entropy(Value logits, const MixedLabels& labels, CrossEntropyOptions options = {});

/// The cross-entropy of each element on its own; `logits` and `target` (0..1) have one shape.
Value sigmoid_cross_entropy(Value logits, Value target);

/// The mean squared difference of two values of one shape.
Value mean_squared_error(Value prediction, Value target);
/// The options of huber.
struct HuberOptions {
  double delta = 1;  ///< the loss is quadratic below and linear above (Huber 1964)
};
/// The mean Huber loss of two values of one shape.
Value huber(Value prediction, Value target, HuberOptions options = {});

}  // namespace fovea
