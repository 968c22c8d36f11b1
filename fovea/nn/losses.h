// SPDX-License-Identifier: Apache-2.0
/// \file
/// Losses. Each is a scalar [] f32, the mean over all images, and over all elements where an image has several.
#pragma once

#include <vector>

#include "fovea/nn/value.h"

namespace fovea {

// logits [batch, classes], label [batch] i32. With label smoothing s the target is 1 - s + s / classes for the label and s /
// classes elsewhere (Szegedy et al. 2016). The logits must not have been through a softmax.
//
// With class weights w the loss of an image of target t is -sum of w t log p, the mean still over the number of images: weights
// whose mean over the images is 1 leave the scale of the gradient. With focal g > 0 it is multiplied by (1 - p)^g, p the
// probability of the label (Lin et al. 2017): what the network knows already counts less.
struct CrossEntropyOptions {
  /// S: the target is 1 - s + s / classes for the label and s / classes elsewhere (Szegedy et al. 2016).
  double label_smoothing = 0;
  std::vector<double> class_weights = {};  // one a class, not negative; empty: 1
  double focal = 0;
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

// logits and a teacher's of one shape [batch, classes]: T^2 times the divergence (Kullback and Leibler) of the softmax of
// logits / T from that of the teacher's (Hinton et al. 2015, section 2). No gradient goes to the teacher's.
Value distillation(Value logits, Value teacher, double temperature);

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
