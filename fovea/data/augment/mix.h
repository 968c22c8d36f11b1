// SPDX-License-Identifier: Apache-2.0
// What is done to batches of normalized values: random erasing of parts of an image, and mixing images in pairs, which gives
// every image a second label and a weight.
#pragma once

#include <cstdint>
#include <span>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"

namespace fovea {

// Zhong et al., "Random erasing data augmentation", 2020. The rectangle's area is drawn evenly from a share of the image's, its
// aspect evenly in the logarithm from [aspect, 1 / aspect].
struct Erasing {
  double probability = 0;
  double least_area = 0.02;
  double most_area = 1.0 / 3;
  double aspect = 0.3;
  bool noise = false;  // normal noise of mean 0 and deviation 1 for every value; otherwise 0, the mean
};
// values: [height, width, channels] of the shape, normalized.
void erase(std::span<float> values, ImageShape shape, const Erasing& erasing, Random& random);

// The AlexNet lighting (Krizhevsky et al. 2012, section 4.1): along each principal component of ImageNet's colors, a shift of
// its eigenvalue times a normal number of deviation `amount` (0.1 in the paper). values: [.., 3], normalized by `deviation` (of
// pixels / 255, one a channel; empty: 1). Fails on another number of channels.
void light(std::span<float> values, std::span<const float> deviation, double amount, Random& random);

// Both mix image i with image count - 1 - i, so that a batch of odd size leaves its middle image alone. One weight is drawn for
// the batch, from Beta(alpha, alpha); 0 switches a kind off, and when both are on a fair coin chooses for every batch.
struct Mixing {
  double mixup = 0;   // alpha; Zhang et al., "mixup", 2018: 0.2 for ImageNet
  double cutmix = 0;  // alpha; Yun et al., "CutMix", 2019: 1. The box is a rectangle of the image's aspect
  bool any() const { return mixup > 0 || cutmix > 0; }
};

// One drawn batch: how much each image keeps of itself, and for cutmix the box that comes from the other.
struct Mixture {
  float weight = 1;  // of the image's own label: at least 1/2, so that `label` is the dominant one
  bool cut = false;
  bool swapped = false;  // cutmix whose box is more than half of the image: the rest comes from the other
  int64_t top = 0, left = 0, bottom = 0, right = 0;
};
Mixture draw_mixture(ImageShape shape, const Mixing& mixing, Random& random);

// Mixes two images with each other, in place, both [height, width, channels] of the shape.
void mix_pair(std::span<float> first, std::span<float> second, ImageShape shape, const Mixture& mixture);

// A whole batch in place. images: [count, height, width, channels]; labels, second_labels, weights: [count]. Image i is of
// `labels[i]` with `weights[i]` and of `second_labels[i]` with 1 - weights[i].
void mix_batch(std::span<float> images, ImageShape shape, std::span<const int32_t> labels, std::span<int32_t> second_labels,
               std::span<float> weights, const Mixture& mixture);

// Beta(alpha, alpha) as a ratio of gamma variates (Marsaglia and Tsang 2000).
double draw_beta(double alpha, Random& random);

}  // namespace fovea
