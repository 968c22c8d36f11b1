// SPDX-License-Identifier: Apache-2.0
// Resizing as Pillow does it (Image.resize): bilinear or bicubic, and shrinking widens the filter to the scale, so that nothing
// between the samples is lost (antialias).
#pragma once

#include <cstdint>

#include "fovea/data/image/image.h"

namespace fovea {

// A rectangle in pixel units, pixel 0 reaching from 0 to 1; its sides need not be whole.
struct CropBox {
  double top = 0, left = 0, height = 0, width = 0;
};

// Brings `box` of `image` to height x width. Pixel centers at (i + 0.5) * scale; a sample may reach outside the box, never
// outside the image. Bicubic is Keys' with a = -1/2. Results are Pillow's to within one level. Refuses a box that is empty or
// leaves the image, and nearest, which is no filter.
void resize(Image& result, const Image& image, const CropBox& box, int64_t height, int64_t width,
            Interpolation interpolation = Interpolation::bilinear);

Image resize(const Image& image, int64_t height, int64_t width, Interpolation interpolation = Interpolation::bilinear);

}  // namespace fovea
