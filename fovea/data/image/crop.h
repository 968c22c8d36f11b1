// SPDX-License-Identifier: Apache-2.0
// Which part of a photograph a network sees.
#pragma once

#include <cstdint>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"
#include "fovea/data/image/resample.h"

namespace fovea {

// Szegedy et al., "Going deeper with convolutions", 2014 ("inception crop"), by the rule of torchvision's RandomResizedCrop: a
// share of the area drawn evenly, an aspect drawn evenly in the logarithm; after ten rectangles that do not fit, the middle of
// the photograph at the nearest aspect allowed.
struct RandomCrop {
  double least_area = 0.08, most_area = 1;
  double least_aspect = 3.0 / 4, most_aspect = 4.0 / 3;  // width / height
};
Region random_crop(int64_t height, int64_t width, const RandomCrop& options, Random& random);

// The evaluation crop: the shorter side brought to `resize` (0: 8/7 of the crop's, as 256 for 224), the middle of that cut out.
// Given as the box of the original that ends up there, by torchvision's rounding (Resize, CenterCrop).
CropBox center_box(int64_t height, int64_t width, int64_t crop_height, int64_t crop_width, int64_t resize);

}  // namespace fovea
