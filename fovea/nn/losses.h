// SPDX-License-Identifier: Apache-2.0
/// \file
/// Losses. Each is a scalar [] f32, the mean over all images, and over all elements where an image has several.
#pragma once

#include <vector>

#include "fovea/nn/value.h"

namespace fovea {

/// The options of softmax_cross_entropy.
struct CrossEntropyOptions {
  /// With label smoothing s, the target is 1 - s + s / classes for the label and s / classes elsewhere (Szegedy et al. 2016).
  /// At least 0 and below 1.
  double label_smoothing = 0;
  /// A weight w for each class, not negative; empty: all are 1. The loss of an image with target t is then -sum(w t log p). The
  /// mean is still over the number of images, so weights whose mean over the images is 1 keep the scale of the gradient.
  std::vector<double> class_weights = {};
  /// Focal loss (Lin et al. 2017, section 3.2): with g above 0, the loss of an image is multiplied by (1 - p)^g, where p is the
  /// probability of its label, of mixed images the first. Images that the network already recognizes then count less. 0: none.
  double focal = 0;
};
/// The cross-entropy of logits [batch, classes] and label [batch] i32. The logits must not have been through a softmax. Refuses
/// options that are out of their ranges or do not fit the number of classes.
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

/// The loss of learning from a teacher (Hinton et al. 2015, section 2): T^2 times the Kullback-Leibler divergence of the
/// softmax of logits / T from the softmax of teacher / T, where T is the temperature. Both have the shape [batch, classes]. The
/// teacher's logits should be an input of the graph, since a gradient by them is not stopped. Refuses a temperature that is not
/// above 0.
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
