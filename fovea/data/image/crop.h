// SPDX-License-Identifier: Apache-2.0
/// \file
/// The part of an image that a network sees.
#pragma once

#include <cstdint>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"
#include "fovea/data/image/resample.h"

namespace fovea {

/// A random part of the image (Szegedy et al., "Going deeper with convolutions", 2014, the "inception crop"), by the rule of
/// torchvision's RandomResizedCrop: the share of the area is uniformly distributed, and so is the logarithm of the aspect
/// ratio. After ten rectangles that do not fit, it is the center of the image with the nearest allowed aspect ratio.
struct RandomCrop {
  double least_area = 0.08;       ///< least share of the area
  double most_area = 1;           ///< largest share of the area
  double least_aspect = 3.0 / 4;  ///< least width / height
  double most_aspect = 4.0 / 3;   ///< largest width / height
};
/// Draws a part of an image of height x width.
Region random_crop(int64_t height, int64_t width, const RandomCrop& options, Random& random);

/// The center crop of evaluation: the shorter side is resized to `resize` (0: 8/7 of the crop's, such as 256 for 224), and the
/// center is cropped. The result is the box of the original image that ends up there, with torchvision's rounding (Resize,
/// CenterCrop).
CropBox center_box(int64_t height, int64_t width, int64_t crop_height, int64_t crop_width, int64_t resize);

}  // namespace fovea
