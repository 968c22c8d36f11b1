// SPDX-License-Identifier: Apache-2.0
/// \file
/// Operations on the colors of an image, of which policies consist. Each gives exactly what Pillow gives (ImageOps,
/// ImageEnhance), for gray (1 channel) and color (3).
#pragma once

#include <cstdint>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"

namespace fovea {

/// Stretches every channel to 0..255.
void autocontrast(Image& image);
/// Flattens the histogram of every channel.
void equalize(Image& image);
/// Replaces every value by 255 minus it.
void invert(Image& image);
/// Keeps the upper `bits` (0..8) of every value.
void posterize(Image& image, int64_t bits);
/// Inverts values of at least `threshold`, 0..256.
void solarize(Image& image, int64_t threshold);
/// Adds to values below `threshold`, up to 255.
void solarize_add(Image& image, int64_t addition, int64_t threshold = 128);

/// Moves the image towards (factor below 1) or away from (factor above 1) the gray image. A factor of 1 leaves the image as it
/// is, and 0 gives the gray one; factors must not be negative. Does nothing to a gray image.
void adjust_color(Image& image, float factor);
/// The same with the mean gray of the image.
void adjust_contrast(Image& image, float factor);
/// The same with black.
void adjust_brightness(Image& image, float factor);
/// The same with the image smoothed by a 3x3 filter of ones with a 5 in its center.
void adjust_sharpness(Image& image, float factor);

/// Rotates the hue by `shift` of the color circle, from -1/2 to 1/2, in steps of 1/256 of it: through Pillow's 8-bit HSV, as in
/// torchvision. Does nothing to a gray image.
void adjust_hue(Image& image, double shift);

/// Ranges of torchvision's ColorJitter: factors are uniformly distributed in [max(0, 1 - x), 1 + x], the shift of the hue in
/// [-hue, hue]. 0 leaves a property as it is.
struct Jitter {
  double brightness = 0;  ///< range of the factor
  double contrast = 0;    ///< range of the factor
  double saturation = 0;  ///< range of the factor of adjust_color
  double hue = 0;         ///< range of the shift, up to 1/2
  /// Whether any property changes.
  bool any() const { return brightness > 0 || contrast > 0 || saturation > 0 || hue > 0; }
};
/// Applies all four in an order that is drawn for every image.
void jitter(Image& image, const Jitter& amounts, Random& random);

}  // namespace fovea
