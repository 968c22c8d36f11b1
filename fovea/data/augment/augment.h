// SPDX-License-Identifier: Apache-2.0
// From the pixels of a data set to what a network reads: a policy, then flip, shifted crop, normalization and cutout in one
// pass, then random erasing; and the mixing of batches.
//
// What happens to an image is a function of (seed, epoch, index of the image) and of nothing else, so that neither the number
// of threads nor a resumed run changes it.
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

enum class Border : uint8_t { zero, reflect };  // what a shifted crop shows beyond the edge: black, or the mirrored image

struct Augmentation {
  std::optional<RandomCrop> random_crop;                  // of photographs; without it, the middle
  int64_t resize = 0;                                     // the shorter side before the middle is cut out; 0 is 8/7 of the crop
  Interpolation interpolation = Interpolation::bilinear;  // of photographs
  Orientation orientation = Orientation::exif;            // likewise
  Policy policy;                                          // of the pixels as they are stored; no choices: none
  bool flip = false;                                      // left to right, with probability 1/2
  bool alternating = false;  // of flip: drawn once an image, the other way round every other epoch (airbench)
  int64_t shift = 0;         // crop at an offset of -shift..shift in both directions ("pad 4 and crop" is 4)
  Border border = Border::zero;
  int64_t cutout = 0;  // side of a square set to the mean (0 after normalizing), its center anywhere; DeVries and Taylor 2017
  Erasing erasing;
  Mixing mixing;                 // of whole batches
  Jitter jitter;                 // of colors, after the policy
  double lighting = 0;           // deviation along ImageNet's principal colors; 0.1 was published
  std::vector<float> mean;       // a channel each, of pixels / 255; empty is 0
  std::vector<float> deviation;  // likewise; empty is 1: value = (pixel / 255 - mean) / deviation

  // The same without the random part: for evaluation.
  Augmentation evaluation() const {
    return {.resize = resize, .interpolation = interpolation, .orientation = orientation, .mean = mean, .deviation = deviation};
  }
};

// Prepared for images of one shape: one table from pixel to value per channel.
class Augmenter {
 public:
  // Refuses what does not fit the shape: another number of channels, a deviation of zero, a shift as large as the image.
  Augmenter(ImageShape shape, const Augmentation& augmentation);

  // pixels and values: [height, width, channels] of the shape.
  void apply(std::span<const uint8_t> pixels, std::span<float> values, uint64_t seed, int64_t epoch, int64_t index) const;

  // Mixes batch `index` of `epoch`, which must be filled: images [count, height, width, channels], the others [count].
  void mix(std::span<float> images, std::span<const int32_t> labels, std::span<int32_t> second_labels,
           std::span<float> label_weights, uint64_t seed, int64_t epoch, int64_t index) const;

 private:
  struct Decision;  // drawn per image
  Decision decide(uint64_t seed, int64_t epoch, int64_t index) const;
  void cut_and_normalize(std::span<const uint8_t> pixels, std::span<float> values, const Decision& decision) const;
  void blank(std::span<float> values, const Decision& decision) const;
  void copy_row(const uint8_t* pixels, float* values, const Decision& decision) const;

  ImageShape shape_;
  Augmentation augmentation_;
  std::vector<std::array<float, 256>> table_;  // a channel each
};

}  // namespace fovea
