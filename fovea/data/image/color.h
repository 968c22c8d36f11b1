// SPDX-License-Identifier: Apache-2.0
// Operations on the colors of a picture that policies are made of. Each gives what Pillow gives (ImageOps, ImageEnhance), for
// gray (1 channel) and color (3): exactly.
#pragma once

#include <cstdint>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"

namespace fovea {

// Stretches every channel to 0..255.
void autocontrast(Image& image);
// Flattens every channel's histogram.
void equalize(Image& image);
void invert(Image& image);
// Keeps the upper `bits` of every value, 0..8.
void posterize(Image& image, int64_t bits);
// Inverts values of at least `threshold`, 0..256.
void solarize(Image& image, int64_t threshold);
// Adds to values below `threshold`, up to 255.
void solarize_add(Image& image, int64_t addition, int64_t threshold = 128);

// Towards (factor below 1) or away from (above 1) a picture that lacks the property: 1 leaves the picture as it is, 0 gives the
// lacking one. It is the gray picture for color (nothing happens to a gray picture), the picture's mean gray for contrast,
// black for brightness, and for sharpness the picture smoothed by a 3x3 filter with 5 in the middle of ones. A factor is at
// least 0.
void adjust_color(Image& image, float factor);
void adjust_contrast(Image& image, float factor);
void adjust_brightness(Image& image, float factor);
void adjust_sharpness(Image& image, float factor);

// Turns the hue by `shift` of the color circle, -1/2..1/2, in whole steps of 1/256 of it: by way of Pillow's 8-bit HSV, as
// torchvision does. Nothing happens to a gray picture.
void adjust_hue(Image& image, double shift);

// All four in an order drawn for every picture (torchvision's ColorJitter): factors evenly from [max(0, 1 - x), 1 + x], the
// hue's shift evenly from [-hue, hue]. 0 leaves a property alone.
struct Jitter {
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;
  bool any() const { return brightness > 0 || contrast > 0 || saturation > 0 || hue > 0; }
};
void jitter(Image& image, const Jitter& amounts, Random& random);

}  // namespace fovea
