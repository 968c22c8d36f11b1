// SPDX-License-Identifier: Apache-2.0
/// \file
/// Resizing as in Pillow (Image.resize), bilinear or bicubic. When an image is reduced, the filter is widened to the scale, so
/// that nothing between the samples is lost (antialiasing).
#pragma once

#include <cstdint>

#include "fovea/data/image/image.h"

namespace fovea {

/// A rectangle in pixels, where pixel 0 reaches from 0 to 1; its sides need not be whole numbers.
struct CropBox {
  double top = 0;     ///< upper edge
  double left = 0;    ///< left edge
  double height = 0;  ///< extent
  double width = 0;   ///< extent
};

/// Resizes `box` of `image` to height x width. Pixel centers are at (i + 0.5) * scale. A sample may reach outside the box, but
/// never outside the image. Bicubic is Keys' with a = -1/2. Results are Pillow's to within one level. Refuses a box that is
/// empty or leaves the image, and `nearest`, which is not a filter.
void resize(Image& result, const Image& image, const CropBox& box, int64_t height, int64_t width,
            Interpolation interpolation = Interpolation::bilinear);

/// The whole image resized.
Image resize(const Image& image, int64_t height, int64_t width, Interpolation interpolation = Interpolation::bilinear);

}  // namespace fovea
