// SPDX-License-Identifier: Apache-2.0
/// \file
/// From the pixels of a data set to what a network reads: a policy, then flip, shifted crop, normalization and cutout in one
/// pass, then random erasing; and the mixing of batches.
///
/// What happens to an image is a function of (seed, epoch, index of the image) alone, so that neither the number of threads nor
/// a resumed run changes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fovea/data/augment/mix.h"
#include "fovea/data/augment/policy.h"
#include "fovea/data/image/color.h"
#include "fovea/data/image/crop.h"
#include "fovea/data/image/image.h"

namespace fovea {

/// What a shifted crop shows beyond the edge: black, or the mirrored image.
enum class Border : uint8_t { zero, reflect };

/// How images are augmented. The default only normalizes pixels to [0, 1].
struct Augmentation {
  std::optional<RandomCrop> random_crop;                  ///< of image files; without it, the center
  int64_t resize = 0;                                     ///< the shorter side before the center crop; 0 is 8/7 of the crop's
  Interpolation interpolation = Interpolation::bilinear;  ///< of image files
  Orientation orientation = Orientation::exif;            ///< of image files
  Policy policy;                                          ///< of the pixels as they are stored; no choices: none
  bool flip = false;                                      ///< left to right, with probability 1/2
  bool alternating = false;      ///< for flip: drawn once for each image, then alternating between epochs (airbench)
  int64_t shift = 0;             ///< crop at an offset of -shift..shift in both directions ("pad 4 and crop" is 4)
  Border border = Border::zero;  ///< of the shifted crop
  /// Side of a square that is set to the mean (0 after normalization), with its center anywhere; DeVries and Taylor 2017.
  int64_t cutout = 0;
  Erasing erasing;          ///< of rectangles, after normalization
  Mixing mixing;            ///< of whole batches
  Jitter jitter;            ///< of colors, after the policy
  double lighting = 0;      ///< standard deviation along ImageNet's principal colors; 0.1 was published
  std::vector<float> mean;  ///< for each channel, of pixels / 255; empty is 0
  /// Standard deviation for each channel, of pixels / 255; empty is 1: value = (pixel / 255 - mean) / deviation.
  std::vector<float> deviation;

  /// The same without the random parts, for evaluation.
  Augmentation evaluation() const {
    return {.resize = resize, .interpolation = interpolation, .orientation = orientation, .mean = mean, .deviation = deviation};
  }
};

/// An augmentation prepared for images of one shape, with a table from pixel to value for each channel. Several threads may use
/// it.
class Augmenter {
 public:
  /// Refuses what does not fit the shape: another number of channels, a standard deviation of zero, a shift as large as the
  /// image.
  Augmenter(ImageShape shape, const Augmentation& augmentation);

  /// Augments one image. `pixels` and `values` are [height, width, channels] of the shape. `index` is that of the image in the
  /// data set.
  void apply(std::span<const uint8_t> pixels, std::span<float> values, uint64_t seed, int64_t epoch, int64_t index) const;

  /// Mixes batch `index` of `epoch` in place. `images` is [count, height, width, channels], and the others are [count].
  void mix(std::span<float> images, std::span<const int32_t> labels, std::span<int32_t> second_labels,
           std::span<float> label_weights, uint64_t seed, int64_t epoch, int64_t index) const;

 private:
  struct Decision;  // what is drawn for an image
  Decision decide(uint64_t seed, int64_t epoch, int64_t index) const;
  void cut_and_normalize(std::span<const uint8_t> pixels, std::span<float> values, const Decision& decision) const;
  void blank(std::span<float> values, const Decision& decision) const;
  void copy_row(const uint8_t* pixels, float* values, const Decision& decision) const;

  ImageShape shape_;
  Augmentation augmentation_;
  std::vector<std::array<float, 256>> table_;  // for each channel
};

}  // namespace fovea
