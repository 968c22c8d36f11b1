// SPDX-License-Identifier: Apache-2.0
// Losses: [] f32, means over all images (and over all elements where there are several an image).
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
  double label_smoothing = 0;
  std::vector<double> class_weights = {};  // one a class, not negative; empty: 1
  double focal = 0;
};
Value softmax_cross_entropy(Value logits, Value label, CrossEntropyOptions options = {});

// Of images mixed in pairs (mixup, Zhang et al. 2018; CutMix, Yun et al. 2019): the target of each is label_weight times that
// of its label and the rest times that of its second label. label_weight [batch] f32.
struct MixedLabels {
  Value label, second_label, label_weight;
};
Value softmax_cross_entropy(Value logits, const MixedLabels& labels, CrossEntropyOptions options = {});

// logits and a teacher's of one shape [batch, classes]: T^2 times the divergence (Kullback and Leibler) of the softmax of
// logits / T from that of the teacher's (Hinton et al. 2015, section 2). No gradient goes to the teacher's.
Value distillation(Value logits, Value teacher, double temperature);

// logits and target (0..1) of one shape.
Value sigmoid_cross_entropy(Value logits, Value target);

// Of one shape each.
Value mean_squared_error(Value prediction, Value target);
struct HuberOptions {
  double delta = 1;  // quadratic below, linear above (Huber 1964)
};
Value huber(Value prediction, Value target, HuberOptions options = {});

}  // namespace fovea
