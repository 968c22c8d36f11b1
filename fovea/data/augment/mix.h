// SPDX-License-Identifier: Apache-2.0
/// \file
/// What is done to batches of normalized values: random erasing of parts of an image, and mixing images in pairs, which gives
/// every image a second label and a weight.
#pragma once

#include <cstdint>
#include <span>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"

namespace fovea {

/// Random erasing (Zhong et al., "Random erasing data augmentation", 2020). The rectangle's share of the area is uniformly
/// distributed, and so is the logarithm of its aspect ratio in [aspect, 1 / aspect].
struct Erasing {
  double probability = 0;      ///< that an image has a part erased
  double least_area = 0.02;    ///< least share of the image's area
  double most_area = 1.0 / 3;  ///< largest share of the image's area
  double aspect = 0.3;         ///< least aspect ratio
  bool noise = false;          ///< normal noise of mean 0 and standard deviation 1 for every value; otherwise 0, the mean
};
/// Erases a part of one image. `values` is [height, width, channels] of the shape, normalized.
void erase(std::span<float> values, ImageShape shape, const Erasing& erasing, Random& random);

/// The lighting augmentation of AlexNet (Krizhevsky et al. 2012, section 4.1): along each principal component of ImageNet's
/// colors, a shift by its eigenvalue times a normal number of standard deviation `amount` (0.1 in the paper). `values` is [..,
/// 3], normalized by the standard deviations `deviation` (of pixels / 255, for each channel; empty: 1). Fails on another number
/// of channels.
void light(std::span<float> values, std::span<const float> deviation, double amount, Random& random);

/// Mixing of images in pairs: image i with image count - 1 - i, so that a batch of odd size leaves its middle image as it is.
/// One weight is drawn for the batch, from Beta(alpha, alpha); an alpha of 0 disables a kind, and when both are enabled a fair
/// coin chooses for every batch.
struct Mixing {
  double mixup = 0;   ///< alpha; Zhang et al., "mixup", 2018: 0.2 for ImageNet
  double cutmix = 0;  ///< alpha; Yun et al., "CutMix", 2019: 1. The box is a rectangle with the image's aspect ratio.
  /// Whether either is enabled.
  bool any() const { return mixup > 0 || cutmix > 0; }
};

/// What was drawn for a batch: how much of itself each image keeps and, for CutMix, the box that comes from the other image.
struct Mixture {
  float weight = 1;      ///< of the image's own label: at least 1/2, so that `label` is the one with the larger weight
  bool cut = false;      ///< CutMix in place of mixup
  bool swapped = false;  ///< CutMix with a box of more than half of the image, where the rest comes from the other image
  int64_t top = 0;       ///< of the box, in pixels
  int64_t left = 0;      ///< of the box
  int64_t bottom = 0;    ///< of the box, exclusive
  int64_t right = 0;     ///< of the box, exclusive
};
/// Draws for one batch. Refuses a negative alpha.
Mixture draw_mixture(ImageShape shape, const Mixing& mixing, Random& random);

/// Mixes two images with each other in place; both are [height, width, channels] of the shape.
void mix_pair(std::span<float> first, std::span<float> second, ImageShape shape, const Mixture& mixture);

/// Mixes a whole batch in place. `images` is [count, height, width, channels]; `labels`, `second_labels` and `weights` are
/// [count]. Image i has labels[i] with weights[i], and second_labels[i] with 1 - weights[i].
void mix_batch(std::span<float> images, ImageShape shape, std::span<const int32_t> labels, std::span<int32_t> second_labels,
               std::span<float> weights, const Mixture& mixture);

/// A number of Beta(alpha, alpha), as a ratio of gamma variates (Marsaglia and Tsang 2000).
double draw_beta(double alpha, Random& random);

}  // namespace fovea
